# Finds the program: SYNC_GROUP_SIM_BIN, else on the PATH; starts it, and asks it for its version.

$script:AskMilliseconds = 20000
# How much of a wrong program's words a message holds, in characters.
$script:SaidLimit = 200
# Variables of the server that would take it away from its own tests; the others take effect.
$script:NotOurs = 'LISTEN', 'PORT_FILE', 'TLS_CERT', 'TLS_KEY', 'TLS_SELF_SIGNED', 'TLS_CA_FILE', 'CONTROL', 'CONTROL_TOKEN' |
    ForEach-Object { "SYNC_GROUP_SIM_$_" }

# The program's path.
function Find-Program {
    $named = [Environment]::GetEnvironmentVariable($script:Variable)
    if ($named) {
        $found = Resolve-Program $named
        if ($found) { return $found }
        $what = if (Test-Path -LiteralPath $named -PathType Container) { 'that is a folder' } else { 'no program is there' }
        throw (New-SimError SimulatorError ("$script:Variable is ""$named"", and $what; expected the path of " +
                "sync-group-sim, or $script:Variable unset for the one on the PATH"))
    }
    $found = Resolve-Program 'sync-group-sim'
    if ($found) { return $found }
    throw (New-SimError SimulatorError ("the program sync-group-sim is missing: $script:Variable is not set, and it is not " +
            "on the PATH; install it (docs/install.md says how), or set $script:Variable to its path"))
}

# The absolute path of a path or, without a slash, of a name on the PATH; nothing when nothing is there.
function Resolve-Program([string] $Named) {
    if ($Named -match '[\\/]') {
        if (Test-Path -LiteralPath $Named -PathType Leaf) { return (Get-Item -LiteralPath $Named -Force).FullName }
        return
    }
    $name = [System.Management.Automation.WildcardPattern]::Escape($Named)
    $found = @(Get-Command -Name $name -CommandType Application -ErrorAction Ignore)
    if ($found) { return $found[0].Path }
}

# Starts the program without the variables that are not ours, its streams at hand.
function Start-Program([string] $Program, [string[]] $Arguments, [hashtable] $Variables = @{}) {
    $start = New-Object System.Diagnostics.ProcessStartInfo
    $start.FileName = $Program
    $start.Arguments = ($Arguments | ForEach-Object { ConvertTo-Argument $_ }) -join ' '
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    # What the program writes, whatever the console's code page is.
    $start.StandardOutputEncoding = $start.StandardErrorEncoding = [System.Text.Encoding]::UTF8
    foreach ($name in @($start.EnvironmentVariables.Keys)) {
        if ($script:NotOurs -contains $name) { $start.EnvironmentVariables.Remove($name) }
    }
    foreach ($name in $Variables.Keys) { $start.EnvironmentVariables[$name] = $Variables[$name] }
    try {
        [System.Diagnostics.Process]::Start($start)
    } catch {
        throw (New-CannotRun $Program $_.Exception)
    }
}

# An argument as programs on Windows read them, and .NET everywhere.
function ConvertTo-Argument([string] $Text) {
    if ($Text -match '^[^\s"]+$') { return $Text }
    '"' + ($Text -replace '(\\*)"', '$1$1\"' -replace '(\\+)$', '$1$1') + '"'
}

# What the program writes to its standard output and to its standard error, and the code it ends with.
function Read-Program([string] $Program, [string[]] $Arguments) {
    $asked = Start-Program $Program $Arguments
    try {
        $asked.StandardInput.Close()
        $out, $err = $asked.StandardOutput.ReadToEndAsync(), $asked.StandardError.ReadToEndAsync()
        if (-not $asked.WaitForExit($script:AskMilliseconds)) {
            $asked.Kill()
            throw (New-CannotRun $Program)
        }
        @{ Out = $out.GetAwaiter().GetResult().Trim(); Err = $err.GetAwaiter().GetResult().Trim(); Code = $asked.ExitCode }
    } finally {
        $asked.Dispose()
    }
}

# What the program says to --version.
function Get-ProgramVersion([string] $Program) {
    $told = Read-Program $Program '--version'
    $said = ($told.Out, $told.Err | Where-Object { $_ }) -join "`n"
    if ($said -match '^sync-group-sim (\d+\.\d+\.\S+)$') { return $Matches[1] }
    $what, $printed = 'is not sync-group-sim', """$($said.Substring(0, [Math]::Min($said.Length, $script:SaidLimit)))"""
    if (-not $said) { $what, $printed = "$what, or a part of it alone", 'nothing' }
    $how = if ($told.Code) { ", and ended with code $($told.Code)" }
    throw (New-SimError SimulatorError "$Program ${what}: ``--version`` printed $printed$how; let $script:Variable name the program")
}

# Why a program that is there does not run.
function New-CannotRun([string] $Program, [Exception] $Exception) {
    $why = 'it does not answer'
    $isDenied = $false
    while ($Exception) {
        if ($Exception -is [System.ComponentModel.Win32Exception]) {
            # EACCES, and what .NET makes of a file that has no leave to be run.
            $isDenied = $Exception.NativeErrorCode -eq 13
            $why = (New-Object System.ComponentModel.Win32Exception -ArgumentList $Exception.NativeErrorCode).Message
            # ENOENT, of a file that is there.
            if ($Exception.NativeErrorCode -eq 2 -and [System.IO.File]::Exists($Program)) {
                $why = "what runs it is missing: the loader of another C library, or a script's interpreter"
            }
        }
        $Exception = $Exception.InnerException
    }
    $system = [System.Environment]::OSVersion.Platform
    $bits = [IntPtr]::Size * 8
    $advice = if ($isDenied -and $system -eq 'Unix') { "; try: chmod +x $(ConvertTo-Word $Program)" } else { "; let $script:Variable name one" }
    New-SimError SimulatorError ("$Program cannot be run on this machine ($why); " +
        "expected sync-group-sim for this system ($system, $bits bits)$advice")
}

# A path as a shell reads it.
function ConvertTo-Word([string] $Path) {
    if ($Path -match '^[\w@%+=:,./-]+$') { return $Path }
    "'" + ($Path -replace "'", "'\''") + "'"
}

# What stays the same while versions are compatible: 0.1 of 0.1.7.
function Get-Release([string] $Version) {
    ($Version -split '\.')[0, 1] -join '.'
}

# Throws where this module does not go with the program.
function Assert-Version([string] $Found, [string] $Program) {
    $expected = Get-Release $script:Version
    if ((Get-Release $Found) -eq $expected) { return }
    throw (New-SimError SimulatorError ("$Program is sync-group-sim $Found, and this PowerShell module is $script:Version; " +
            "expected a program $expected.x: take the module of version $(Get-Release $Found) for that program " +
            "(docs/install.md), or let $script:Variable name a program $expected.x"))
}

# What to say about a program that does not know what every program of this version knows.
function New-Older([string] $Program, [string] $What) {
    New-SimError SimulatorError ("$Program is an older sync-group-sim than this PowerShell module ($script:Version): $What; " +
        'expected a program as new as the module; docs/install.md says how to get one')
}
