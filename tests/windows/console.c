// Runs a program and, for each byte of the standard input, has the system tell it what a person at its console did: `c`
// pressed Ctrl-C, `b` pressed Ctrl-Break, `x` closed the console. Ends with the program's exit code, or with 99 when
// something here went wrong.
//
//   console.exe PROGRAM ARGUMENT...
//
// Wine knows only Ctrl-C of its own accord (GenerateConsoleCtrlEvent of another event fails). What a console does on
// Windows is to begin a thread in each of its programs, at CtrlRoutine, with the event: that is done here.
#include <windows.h>
#include <stdio.h>
#include <string.h>

static int fail(const char *what) {
    fprintf(stderr, "console: %s failed: %lu\n", what, GetLastError());
    return 99;
}

// The command line without this program's own name.
static char *rest_of(char *line) {
    line = strchr(line + 1, *line == '"' ? '"' : ' ');
    if (!line) return "";
    if (*line == '"') line++;
    return line + strspn(line, " ");
}

int main(void) {
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION child;
    // System libraries have the same place in every process.
    void *told = (void *)GetProcAddress(GetModuleHandleA("kernelbase.dll"), "CtrlRoutine");
    if (!told) return fail("finding CtrlRoutine");
    if (!CreateProcessA(NULL, rest_of(GetCommandLineA()), NULL, NULL, TRUE, 0, NULL, NULL, &startup, &child))
        return fail("starting the program");
    for (int key; (key = getchar()) != EOF;) {
        const char *events = "cbx", *event = strchr(events, key);
        if (!event) continue;
        void *number = (void *)(event - events);
        if (!CreateRemoteThread(child.hProcess, NULL, 0, (LPTHREAD_START_ROUTINE)told, number, 0, NULL))
            return fail("telling the program");
    }
    DWORD code = 99;
    WaitForSingleObject(child.hProcess, INFINITE);
    GetExitCodeProcess(child.hProcess, &code);
    return (int)code;
}
