# Starts and stops the program.

$script:StartSeconds = 20
$script:StopMilliseconds = 10000
$script:PollMilliseconds = 2

function Start-SyncGroupSim {
    <#
    .SYNOPSIS
    Starts the simulator on a free port of this machine.
    .DESCRIPTION
    The program is the one that SYNC_GROUP_SIM_BIN names, or sync-group-sim on the PATH. It ends with Stop-SyncGroupSim, and
    with this PowerShell, however that ends. Returns BaseUrl, Version and Program.
    .EXAMPLE
    BeforeAll { $sim = Start-SyncGroupSim }
    .EXAMPLE
    Start-SyncGroupSim --token-lifetime 60s
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Low')]
    param(
        # Further arguments for `sync-group-sim serve`.
        [Parameter(ValueFromRemainingArguments)] [string[]] $Arguments = @()
    )
    $process = $null
    # It holds the port for a moment only.
    $folder = Join-Path ([System.IO.Path]::GetTempPath()) "sync-group-sim-$([Guid]::NewGuid())"
    try {
        $program = Find-Program
        if (-not $PSCmdlet.ShouldProcess($program, 'Start a server')) { return }
        New-TemporaryFolder $folder
        $portFile = Join-Path $folder 'port'
        # Its standard input is a pipe that this process holds: even killed, it is not outlived.
        $process = Start-Program $program (@('serve', '--listen', '127.0.0.1:0', '--log', 'off') + $Arguments + @('--port-file', $portFile)) `
            @{ SYNC_GROUP_SIM_STOP_WITH_STDIN = 'true' }
        $running = @{
            Process = $process; Program = $program
            Out = $process.StandardOutput.ReadToEndAsync(); Said = $process.StandardError.ReadToEndAsync()
        }
        $server = Connect-Server $running (Wait-Port $running $portFile)
        $script:Servers[$server.BaseUrl] = $running
        $server
    } catch {
        if ($process) { Stop-Program $process }
        $PSCmdlet.ThrowTerminatingError($_)
    } finally {
        Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction Ignore -WhatIf:$false -Confirm:$false
    }
}

# A folder in which the server says its port.
function New-TemporaryFolder([string] $Path) {
    try {
        $null = [System.IO.Directory]::CreateDirectory($Path)
    } catch {
        throw (New-SimError SimulatorError ("there is no folder for temporary files ($(Split-Path $Path) cannot be written); " +
                'expected one that may be written: set TMPDIR'))
    }
}

function Stop-SyncGroupSim {
    <#
    .SYNOPSIS
    Ends the simulator, with all its tenants.
    .EXAMPLE
    AfterAll { Stop-SyncGroupSim }
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Low')]
    param(
        # The one that Start-SyncGroupSim returned; all that this PowerShell started when left out.
        [Parameter(Position = 0, ValueFromPipeline)] $Server
    )
    process {
        $urls = if ($Server) { $Server.BaseUrl } else { $script:Servers.Keys }
        foreach ($url in @($urls)) {
            if ($PSCmdlet.ShouldProcess($url, 'Stop the server, with all its tenants')) { Stop-Server $url }
        }
    }
}

function Stop-Server([string] $Url) {
    $running = $script:Servers[$Url]
    if (-not $running) { return }
    $script:Servers.Remove($Url)
    Stop-Program $running.Process
}

function Stop-Program($Process) {
    # It ends in its own way when its standard input does.
    $Process.StandardInput.Close()
    if (-not $Process.WaitForExit($script:StopMilliseconds)) {
        $Process.Kill()
        $Process.WaitForExit()
    }
    $Process.Dispose()
}

# The port, once the server listens.
function Wait-Port($Running, [string] $PortFile) {
    $waited = [System.Diagnostics.Stopwatch]::StartNew()
    while ($waited.Elapsed.TotalSeconds -lt $script:StartSeconds) {
        if ([System.IO.File]::Exists($PortFile)) {
            $port = [System.IO.File]::ReadAllText($PortFile).Trim()
            if ($port) { return $port }
        }
        if ($Running.Process.HasExited) { Assert-Started $Running }
        [System.Threading.Thread]::Sleep($script:PollMilliseconds)
    }
    throw (New-SimError SimulatorError "$($Running.Program) did not listen within $script:StartSeconds s")
}

# Throws why it ended before it listened: a program of another version may not know an option.
function Assert-Started($Running) {
    Assert-Version (Get-ProgramVersion $Running.Program) $Running.Program
    $said = $Running.Said.GetAwaiter().GetResult().Trim()
    if (-not $said) { $said = 'it said nothing' }
    $code = $Running.Process.ExitCode
    throw (New-SimError SimulatorError "$($Running.Program) ended with code $code before it listened: $said")
}

# The server that listens on the port, if it is one that this module goes with.
function Connect-Server($Running, [string] $Port) {
    $url = "http://127.0.0.1:$Port"
    $version = $null
    try {
        $told = ConvertFrom-Json (Invoke-Call GET "$url/_sim/health" -IsUsers).Text
        $version = $told.version
    } catch {
        if ($_.FullyQualifiedErrorId -like 'SimulatorError*') { throw }
    }
    if ($version -isnot [string]) {
        throw (New-SimError SimulatorError "$($Running.Program) does not answer as sync-group-sim does; see $script:Variable")
    }
    Assert-Version $version $Running.Program
    [pscustomobject]@{ PSTypeName = 'SyncGroupSim.Server'; BaseUrl = $url; Version = $version; Program = $Running.Program }
}

# The server that serves an address, if this PowerShell started it.
function Get-Running([string] $Url) {
    foreach ($root in $script:Servers.Keys) {
        if ($Url.StartsWith("$root/")) { return $script:Servers[$root] }
    }
}

# The program that does.
function Get-ProgramAt([string] $Url) {
    $running = Get-Running $Url
    if ($running) { $running.Program } else { "the program at $(([Uri] $Url).Authority)" }
}

# The server that a tenant is made in: the one that is given, or the one that was started last.
function Get-Server($Server) {
    if ($Server) { return $Server.BaseUrl }
    $urls = @($script:Servers.Keys)
    if ($urls) { return $urls[-1] }
    throw (New-SimError SimulatorError 'no simulator runs; expected Start-SyncGroupSim before this')
}
