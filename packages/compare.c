// memcmp and bcmp for programs that are linked with musl, whose own compare byte by byte: with them a request that carries
// a token costs about ten thousand instructions more. These take sixteen bytes at a time, on every processor of the target.
#include <stddef.h>
#include <stdint.h>

static uint64_t eight(const unsigned char *at) {
    uint64_t value;
    __builtin_memcpy(&value, at, 8);
    return value;
}

static uint32_t four(const unsigned char *at) {
    uint32_t value;
    __builtin_memcpy(&value, at, 4);
    return value;
}

// Zero where sixteen bytes are equal.
static uint64_t differ(const unsigned char *a, const unsigned char *b) {
    return (eight(a) ^ eight(b)) | (eight(a + 8) ^ eight(b + 8));
}

// What is shorter than a step is covered by two steps that overlap.
int bcmp(const void *left, const void *right, size_t length) {
    const unsigned char *a = left, *b = right;
    if (length >= 16) {
        size_t at = 0, last = length - 16;
        for (; at < last; at += 16)
            if (differ(a + at, b + at)) return 1;
        return differ(a + last, b + last) != 0;
    }
    if (length >= 8) return ((eight(a) ^ eight(b)) | (eight(a + length - 8) ^ eight(b + length - 8))) != 0;
    if (length >= 4) return ((four(a) ^ four(b)) | (four(a + length - 4) ^ four(b + length - 4))) != 0;
    for (size_t at = 0; at < length; at++)
        if (a[at] != b[at]) return 1;
    return 0;
}

int memcmp(const void *left, const void *right, size_t length) {
    const unsigned char *a = left, *b = right;
    size_t at = 0;
    while (length - at >= 8 && eight(a + at) == eight(b + at)) at += 8;
    if (length - at >= 8) {
        // All targets are little-endian, and the first byte counts most.
        uint64_t x = __builtin_bswap64(eight(a + at)), y = __builtin_bswap64(eight(b + at));
        return x < y ? -1 : 1;
    }
    for (; at < length; at++)
        if (a[at] != b[at]) return a[at] - b[at];
    return 0;
}
