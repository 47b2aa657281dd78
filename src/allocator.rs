//! The allocator, and how soon it gives back to the system what was freed. It is the only file with unsafe code: a call
//! of the allocator's own, for which there is no safe one.

/// The system's may keep what one thread freed from all others: memory then creeps up for as long as there is load.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of mimalloc 3: how long freed memory stays with the process, in milliseconds.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
const PURGE_DELAY_MS: std::ffi::c_long = 10;

/// Has freed memory go back to the system within milliseconds. Bodies and states of many megabytes come and go, and what
/// they leave for a second (mimalloc's default) would stand beside what follows them.
pub(crate) fn give_back_soon() {
    #[expect(unsafe_code, reason = "mimalloc has no safe function for its options")]
    // Sound: it sets a number that the allocator reads whenever it frees; any thread may call it at any time.
    unsafe {
        libmimalloc_sys::mi_option_set(PURGE_DELAY, PURGE_DELAY_MS);
    }
}
