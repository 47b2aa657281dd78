# Starting the program: where it is found, what is said when it is missing, broken, or of another version; and its end. The
# programs of another kind are shell scripts, so these tests run where there is a shell.

BeforeAll {
    Set-StrictMode -Version Latest
    $module = Join-Path (Split-Path $PSScriptRoot) 'SyncGroupSim'
    Import-Module $module -Force
    $version = (Get-Module SyncGroupSim).Version.ToString()
    $before = @{}
    $temporary = [Environment]::GetEnvironmentVariable('TMPDIR')
    foreach ($name in 'SYNC_GROUP_SIM_BIN', 'PATH') { $before[$name] = [Environment]::GetEnvironmentVariable($name) }

    # As before the test.
    function Reset-Everything {
        [Environment]::SetEnvironmentVariable('TMPDIR', $temporary)
        foreach ($name in $before.Keys) { [Environment]::SetEnvironmentVariable($name, $before[$name]) }
        foreach ($name in 'SYNC_GROUP_SIM_CONTROL', 'SYNC_GROUP_SIM_TLS_SELF_SIGNED', 'SYNC_GROUP_SIM_SEED', 'http_proxy', 'HTTP_PROXY', 'ALL_PROXY') {
            [Environment]::SetEnvironmentVariable($name, $null)
        }
        Stop-SyncGroupSim
    }

    # A program with this text, which the variable names.
    function Set-Program([string] $Text) {
        $path = Join-Path $TestDrive 'program'
        [System.IO.File]::WriteAllText($path, $Text)
        & /bin/chmod 755 $path
        $env:SYNC_GROUP_SIM_BIN = $path
        $path
    }

    # Whether somebody listens at a base URL.
    function Test-Answers([string] $BaseUrl) {
        $client = New-Object System.Net.Sockets.TcpClient
        try { $client.Connect('127.0.0.1', ([Uri] $BaseUrl).Port); $true } catch { $false } finally { $client.Dispose() }
    }

    # Waits until nobody does.
    function Wait-End([string] $BaseUrl) {
        $waited = [System.Diagnostics.Stopwatch]::StartNew()
        while ((Test-Answers $BaseUrl) -and $waited.Elapsed.TotalSeconds -lt 10) { [System.Threading.Thread]::Sleep(5) }
        Test-Answers $BaseUrl | Should -BeFalse
    }

    # A server that answers with this JSON: its port, and what ends it.
    function Start-Other([string] $Json) {
        $listener = New-Object System.Net.Sockets.TcpListener -ArgumentList ([System.Net.IPAddress]::Loopback), 0
        $listener.Start()
        $answering = [powershell]::Create().AddScript({
                param($listener, $json)
                $ErrorActionPreference = 'Stop'
                while ($true) {
                    $client = $listener.AcceptTcpClient()
                    $stream = $client.GetStream()
                    $null = $stream.Read((New-Object byte[] 4096), 0, 4096)
                    $text = "HTTP/1.1 200 OK`r`nContent-Length: $($json.Length)`r`nConnection: close`r`n`r`n$json"
                    $bytes = [System.Text.Encoding]::ASCII.GetBytes($text)
                    $stream.Write($bytes, 0, $bytes.Length)
                    $client.Dispose()
                }
            }).AddArgument($listener).AddArgument($Json)
        $null = $answering.BeginInvoke()
        @{ Port = $listener.LocalEndpoint.Port; Listener = $listener; Answering = $answering }
    }

    # A server of this version that knows only the calls which make and delete a tenant, or not what a tenant is made with.
    function Start-Older([bool] $KnowsKey) {
        $listener = New-Object System.Net.Sockets.TcpListener -ArgumentList ([System.Net.IPAddress]::Loopback), 0
        $listener.Start()
        $answering = [powershell]::Create().AddScript({
                param($listener, $version, $knowsKey)
                $ErrorActionPreference = 'Stop'
                while ($true) {
                    $client = $listener.AcceptTcpClient()
                    $stream = $client.GetStream()
                    $bytes = New-Object byte[] 65536
                    $text = [System.Text.Encoding]::ASCII.GetString($bytes, 0, $stream.Read($bytes, 0, $bytes.Length))
                    # The body may come later.
                    if ($text -match 'Content-Length: (\d+)') {
                        $missing = $text.IndexOf("`r`n`r`n") + 4 + [int] $Matches[1] - $text.Length
                        while ($missing -gt 0) { $missing -= $stream.Read($bytes, 0, $bytes.Length) }
                    }
                    $path = ($text -split ' ')[1]
                    $status, $json = if ($path -eq '/_sim/health') {
                        '200 OK', "{""status"":""ok"",""version"":""$version""}"
                    } elseif ($path -eq '/_sim/tenants' -and -not $knowsKey) {
                        '400 Bad Request', '{"error":"body:1:2: unknown key `drawKey`; expected name"}'
                    } elseif ($path.StartsWith('/_sim/tenants')) {
                        '200 OK', '{"name":"it","clients":[],"seed":1}'
                    } else {
                        '404 Not Found', "{""error"":""``$($path.Substring($path.IndexOf('/_sim/')))`` does not exist; ``GET /_sim`` lists what does""}"
                    }
                    $answer = [System.Text.Encoding]::ASCII.GetBytes("HTTP/1.1 $status`r`nContent-Length: $($json.Length)`r`nConnection: close`r`n`r`n$json")
                    $stream.Write($answer, 0, $answer.Length)
                    $client.Dispose()
                }
            }).AddArgument($listener).AddArgument($version).AddArgument($KnowsKey)
        $null = $answering.BeginInvoke()
        @{ Port = $listener.LocalEndpoint.Port; Listener = $listener; Answering = $answering }
    }

    # Ends such a server. PowerShell itself crashes now and then where it ends while one of its pipelines runs.
    function Stop-Other($Other) {
        $Other.Listener.Stop()
        $Other.Answering.Stop()
        $Other.Answering.Dispose()
    }

    # A script that says it listens where another server does, and waits until its input ends.
    function Get-Answering([int] $Port, [string] $Version) {
        "#!/bin/sh`n[ ""`$1"" != --version ] || { echo sync-group-sim $Version; exit; }`n" +
        "while [ ""`$1"" != --port-file ]; do shift; done`necho $Port >""`$2""`ncat >/dev/null`n"
    }
}

Describe 'Start-SyncGroupSim' {
    AfterEach { Reset-Everything }

    It 'refuses a program of version <_>' -ForEach '0.0.9', '0.9.0', '1.1.0' {
        $other = Start-Other "{""status"":""ok"",""version"":""$_""}"
        $path = Set-Program (Get-Answering $other.Port $_)
        try {
            $refused = { Start-SyncGroupSim } | Should -Throw -ErrorId 'SimulatorError*' -PassThru
        } finally {
            Stop-Other $other
        }
        "$refused" | Should -BeLike "*$path is sync-group-sim $_, and this PowerShell module is $version*docs/install.md*SYNC_GROUP_SIM_BIN*"
    }

    It 'refuses a server of another kind' {
        $other = Start-Other '{}'
        $null = Set-Program (Get-Answering $other.Port 0.1.0)
        try {
            { Start-SyncGroupSim } | Should -Throw '*does not answer as sync-group-sim does*'
        } finally {
            Stop-Other $other
        }
    }

    It 'tells an older program that does not know an option by its version' {
        $null = Set-Program "#!/bin/sh`n[ ""`$1"" != --version ] || { echo sync-group-sim 0.0.3; exit 0; }`necho unknown option >&2; exit 2`n"
        { Start-SyncGroupSim } | Should -Throw '*is sync-group-sim 0.0.3, and this PowerShell module is*'
    }

    It 'tells what a program says before it ends' {
        $null = Set-Program "#!/bin/sh`n[ ""`$1"" != --version ] || { echo sync-group-sim $version; exit; }`necho no room >&2; exit 1`n"
        { Start-SyncGroupSim } | Should -Throw '*ended with code 1 before it listened: no room*'
    }

    It 'tells another program' {
        $null = Set-Program "#!/bin/sh`necho something else`n"
        { Start-SyncGroupSim } | Should -Throw '*is not sync-group-sim: *printed "something else"*'
    }

    It 'tells a program that is not whole' {
        $null = Set-Program "#!/bin/sh`nkill -SEGV `$`$`n"
        { Start-SyncGroupSim } | Should -Throw '*is not sync-group-sim, or a part of it alone: *--version* printed nothing, and ended with code 139; let SYNC_GROUP_SIM_BIN name the program'
    }

    It 'tells a folder' {
        $env:SYNC_GROUP_SIM_BIN = "$TestDrive"
        { Start-SyncGroupSim } | Should -Throw '*and that is a folder; expected the path of sync-group-sim*'
    }

    It 'tells a program for another platform' {
        $null = Set-Program "$([char] 0x7f)ELF not for here"
        { Start-SyncGroupSim } | Should -Throw '*cannot be run on this machine*expected sync-group-sim for this system*; let SYNC_GROUP_SIM_BIN name one'
    }

    It 'tells a program for another C library' {
        $null = Set-Program "#!/no/such/loader`n"
        { Start-SyncGroupSim } | Should -Throw '*cannot be run on this machine (what runs it is missing: the loader of another C library*'
    }

    It 'tells a file that may not be run' {
        & /bin/chmod 644 (Set-Program '')
        { Start-SyncGroupSim } | Should -Throw '*cannot be run on this machine (Permission denied)*; try: chmod +x *'
        $spaced = Join-Path $TestDrive 'a program'
        Move-Item $env:SYNC_GROUP_SIM_BIN $spaced
        $env:SYNC_GROUP_SIM_BIN = $spaced
        { Start-SyncGroupSim } | Should -Throw "*; try: chmod +x '$spaced'"
    }

    It 'tells it where no file can be written' {
        $file = Join-Path $TestDrive 'file'
        $null = New-Item $file
        $env:TMPDIR = $file
        { Start-SyncGroupSim } | Should -Throw "there is no folder for temporary files ($file cannot be written); expected one*TMPDIR"
    }

    It 'tells an older program of this version' {
        $older = Start-Older $true
        $path = Set-Program (Get-Answering $older.Port $version)
        try {
            $null = Start-SyncGroupSim
            $tenant = New-SimTenant
            foreach ($each in @{ Lacks = 'GET /_sim/verdicts'; Call = { Get-SimFinding $tenant } },
                @{ Lacks = 'POST /_sim/verify'; Call = { Assert-SimVerification $tenant @{} } },
                @{ Lacks = 'GET /_sim/journal'; Call = { Get-SimJournal $tenant -Status 200 } },
                @{ Lacks = 'GET /_sim/journal.har'; Call = { Get-SimJournal $tenant -Har } },
                @{ Lacks = 'POST /_sim/clock/advance'; Call = { Step-SimClock $tenant 1 } }) {
                $refused = $each.Call | Should -Throw -ErrorId 'SimulatorError*' -PassThru
                "$refused" | Should -Be ("$path is an older sync-group-sim than this PowerShell module ($version): it has no ``$($each.Lacks)``; " +
                    'expected a program as new as the module; docs/install.md says how to get one')
            }
            $refused = { Invoke-SimControl $tenant Get nothing } | Should -Throw -ErrorId 'CallRefused*' -PassThru
            "$refused" | Should -BeLike '*?/_sim/nothing? does not exist; ?GET /_sim? lists what does'
        } finally {
            Stop-Other $older
        }
    }

    It 'tells an older program that does not know a key' {
        $older = Start-Older $false
        $null = Set-Program (Get-Answering $older.Port $version)
        try {
            $null = Start-SyncGroupSim
            { New-SimTenant -DrawKey it } | Should -Throw '*is an older sync-group-sim*: it does not know ?drawKey?; expected*'
        } finally {
            Stop-Other $older
        }
    }

    It 'says in its own words why there was no answer' {
        InModuleScope SyncGroupSim {
            foreach ($each in @{ Number = 10051; Says = '*unreachable; expected a loopback interface that is up;*ip link set lo up' }, @{ Number = 10061; Says = '*refused' }) {
                $socket = New-Object System.Net.Sockets.SocketException -ArgumentList $each.Number
                Get-Why (New-Object System.Net.Http.HttpRequestException -ArgumentList 'a library', $socket) | Should -BeLike $each.Says
            }
            Get-Why (New-Object System.Threading.Tasks.TaskCanceledException) | Should -Be 'nothing came for 30 s'
            Get-Why (New-Object System.IO.IOException -ArgumentList 'a library') | Should -Be 'it ended the connection, or sent what is no HTTP'
        }
    }

    It 'says what to do where there is no program' {
        $env:SYNC_GROUP_SIM_BIN = $null
        $env:PATH = "$TestDrive"
        { Start-SyncGroupSim } | Should -Throw '*the program sync-group-sim is missing: SYNC_GROUP_SIM_BIN is not set*PATH*'
        $env:SYNC_GROUP_SIM_BIN = '/no/such/program'
        { Start-SyncGroupSim } | Should -Throw '*SYNC_GROUP_SIM_BIN is "/no/such/program", and no program is there*'
    }

    It 'finds the program on the PATH' {
        $folder = Join-Path $TestDrive 'a folder'
        $null = New-Item -ItemType Directory $folder
        $null = New-Item -ItemType SymbolicLink (Join-Path $folder 'sync-group-sim') -Value (Get-Command $env:SYNC_GROUP_SIM_BIN).Path
        $env:SYNC_GROUP_SIM_BIN = $null
        $env:PATH = "$folder$([System.IO.Path]::PathSeparator)$env:PATH"
        (Start-SyncGroupSim).Program | Should -Be (Join-Path $folder 'sync-group-sim')
    }

    It 'leaves out variables that would take the server away, and asks no proxy' {
        $env:SYNC_GROUP_SIM_CONTROL = 'off'
        $env:SYNC_GROUP_SIM_TLS_SELF_SIGNED = 'true'
        $env:SYNC_GROUP_SIM_SEED = '11'
        $env:http_proxy = $env:HTTP_PROXY = $env:ALL_PROXY = 'http://127.0.0.1:9'
        Import-Module $module -Force
        $null = Start-SyncGroupSim
        $tenant = New-SimTenant
        $tenant.Seed | Should -Be 11
        @(Get-SimJournal $tenant).Count | Should -Be 0
    }

    It 'hands arguments on, and keeps what is in them' {
        { Start-SyncGroupSim --scenario 'a "b" \' --token-lifetime 60s } | Should -Throw '*before it listened*a "b" \*'
        (Start-SyncGroupSim --token-lifetime 60s).Version | Should -Be $version
    }
}

Describe 'the server' {
    AfterEach { Reset-Everything }

    It 'ends with Stop-SyncGroupSim' {
        $one, $two = (Start-SyncGroupSim), (Start-SyncGroupSim)
        $tenant = New-SimTenant -Server $one
        $tenant.BaseUrl | Should -BeLike "$($one.BaseUrl)/tenants/*"
        $one | Stop-SyncGroupSim
        Test-Answers $one.BaseUrl | Should -BeFalse
        Test-Answers $two.BaseUrl | Should -BeTrue
        { Get-SimJournal $tenant } | Should -Throw '*does not answer*' -ErrorId 'SimulatorError*'
        Stop-SyncGroupSim
        Test-Answers $two.BaseUrl | Should -BeFalse
        { New-SimTenant } | Should -Throw '*no simulator runs; expected Start-SyncGroupSim*'
    }

    It 'is told where it was killed' {
        $null = Start-SyncGroupSim
        $tenant = New-SimTenant
        InModuleScope SyncGroupSim { $script:Servers.Values | ForEach-Object { $_.Process.Kill() } }
        { Get-SimJournal $tenant } | Should -Throw '*does not answer (*; the server has ended with code *' -ErrorId 'SimulatorError*'
        Stop-SyncGroupSim
        $null = Start-SyncGroupSim
        $kill = { InModuleScope SyncGroupSim { $script:Servers.Values | ForEach-Object { $_.Process.Kill() } }; throw 'its own failure' }
        { Use-SimTenant $kill 6>$null } | Should -Throw 'its own failure'
    }

    It 'ends with the module' {
        $sim = Start-SyncGroupSim
        Import-Module $module -Force
        Test-Answers $sim.BaseUrl | Should -BeFalse
    }

    It 'ends with a PowerShell that is killed' {
        $pwsh = if ($env:PWSH) { $env:PWSH } else { (Get-Process -Id $PID).Path }
        $told = Join-Path $TestDrive 'told'
        $text = "Import-Module '$module'; (Start-SyncGroupSim).BaseUrl | Set-Content '$told.new'; Move-Item '$told.new' '$told'; Start-Sleep 300"
        $script = Join-Path $TestDrive 'killed.ps1'
        [System.IO.File]::WriteAllText($script, $text)
        $process = Start-Process $pwsh -ArgumentList '-NoProfile', '-NonInteractive', '-File', $script -PassThru
        $waited = [System.Diagnostics.Stopwatch]::StartNew()
        while (-not (Test-Path $told) -and $waited.Elapsed.TotalSeconds -lt 120) { [System.Threading.Thread]::Sleep(20) }
        $url = "$(Get-Content $told)".Trim()
        Test-Answers $url | Should -BeTrue
        $process.Kill()
        Wait-End $url
    }
}
