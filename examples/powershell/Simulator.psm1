# Gives each test a simulated tenant: Start-Simulator once for the run, Use-Tenant in each test. Copy this file into a
# test suite as it stands; it needs nothing but PowerShell 7. The server is the program that SYNC_GROUP_SIM_BIN names, or
# `sync-group-sim` on the PATH. What the client did in a test that fails is kept in the folder sync-group-sim-journals.

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$script:StartLimit = [TimeSpan]::FromSeconds(20)
$script:PollMilliseconds = 20
$script:Kept = 'sync-group-sim-journals'
$script:Folder = $null
$script:Server = $null
$script:Root = $null

# Starts the server on a free port, and waits until it listens.
function Start-Simulator {
    $binary = $env:SYNC_GROUP_SIM_BIN ? $env:SYNC_GROUP_SIM_BIN : 'sync-group-sim'
    if (-not (Get-Command $binary -CommandType Application -ErrorAction Ignore)) {
        throw "cannot start ""$binary"": put sync-group-sim on the PATH, or its path into SYNC_GROUP_SIM_BIN"
    }
    $script:Folder = Join-Path ([IO.Path]::GetTempPath()) "sync-group-sim-$([Guid]::NewGuid())"
    $null = New-Item -ItemType Directory $script:Folder
    $portFile = Join-Path $script:Folder 'port'
    $arguments = 'serve', '--listen', '127.0.0.1:0', '--port-file', $portFile, '--log', 'off',
    '--journal-dir', (Join-Path $script:Folder $script:Kept)
    $output = Join-Path $script:Folder 'output'
    $script:Server = Start-Process $binary -ArgumentList $arguments -PassThru -RedirectStandardOutput $output
    $started = [Diagnostics.Stopwatch]::StartNew()
    while (-not (Test-Path $portFile)) {
        if ($script:Server.HasExited) {
            throw "the simulator ended with code $($script:Server.ExitCode) before it listened"
        }
        if ($started.Elapsed -gt $script:StartLimit) {
            Stop-Simulator
            throw "the simulator did not listen within $($script:StartLimit.TotalSeconds) s"
        }
        Start-Sleep -Milliseconds $script:PollMilliseconds
    }
    $script:Root = "http://127.0.0.1:$((Get-Content $portFile).Trim())"
}

function Stop-Simulator {
    if ($script:Server -and -not $script:Server.HasExited) {
        Stop-Process $script:Server
        $script:Server.WaitForExit()
    }
    if ($script:Folder) { Remove-Item $script:Folder -Recurse -Force }
    $script:Server = $script:Folder = $null
}

# Runs a test with a tenant that has the demo fixture and credentials of its own, and is gone afterwards. What the client
# under test needs is BaseUrl, ClientId and ClientSecret.
function Use-Tenant([scriptblock] $Test) {
    $made = Invoke-Control $script:Root Post tenants @{ fixture = 'demo' }
    $hasFailed = $true
    try {
        $tenant = [pscustomobject]@{
            BaseUrl      = $made.baseUrl
            ClientId     = $made.clients[0].clientId
            ClientSecret = $made.clients[0].clientSecret
        }
        & $Test $tenant
        Assert-GoodConduct $tenant
        $hasFailed = $false
    } finally {
        # Its journal is written before this is answered.
        $null = Invoke-Control $script:Root Delete "tenants/$($made.name)"
        if ($hasFailed) { Save-Journal $made.name }
    }
}

# Copies what is left of a tenant to where it stays.
function Save-Journal([string] $Name) {
    $null = New-Item -ItemType Directory $script:Kept -Force
    Copy-Item (Join-Path $script:Folder $script:Kept "$Name-*") $script:Kept
    Write-Host "what the client did: $(Join-Path $script:Kept "$Name-0.json")"
}

# Something goes wrong: a rule in the words of a scenario file.
function Add-Rule($Tenant, [hashtable] $Rule) {
    $null = Invoke-Control $Tenant.BaseUrl Post scenario/rules $Rule
}

# From now on built-in scenarios run, by their names.
function Use-Scenario($Tenant, [string[]] $Names) {
    $null = Invoke-Control $Tenant.BaseUrl Put scenario @{ use = $Names }
}

# From now on the tenant's time moves only by Step-Clock.
function Stop-Clock($Tenant) {
    $null = Invoke-Control $Tenant.BaseUrl Put clock @{ mode = 'manual' }
}

# Time passes in the tenant, and none in the test: 13m, 2s.
function Step-Clock($Tenant, [string] $By) {
    $null = Invoke-Control $Tenant.BaseUrl Post clock/advance @{ by = $By }
}

# Whether this is the password of a person's account on a source.
function Test-Password($Tenant, [string] $UserName, [string] $Source, [string] $Password) {
    $asked = @{ userName = $UserName; source = $Source; password = $Password }
    (Invoke-Control $Tenant.BaseUrl Post passwords/check $asked).matches
}

# The client did what was expected, or the test fails with what it did instead.
function Assert-Exchange($Tenant, [hashtable] $Expectation) {
    $verdict = Invoke-Control $Tenant.BaseUrl Post verify $Expectation -Allowed 409
    if (-not $verdict.passed) {
        $misses = $verdict.nearest | ForEach-Object { "  exchange $($_.seq): $($_.differs -join '; ')" }
        throw (@("expected $($verdict.expected); nearest:") + $misses) -join "`n"
    }
}

# The client did nothing that a good client does not do, or the test fails with what it did.
function Assert-GoodConduct($Tenant) {
    $judged = Invoke-Control $Tenant.BaseUrl Post verdicts @{ failOn = 'error' } -Allowed 409
    $broken = @($judged.findings | Where-Object { $_.severity -eq 'error' })
    if ($broken) {
        throw ($broken | ForEach-Object { "$($_.verdict): $($_.message) $($_.advice)" }) -join "`n"
    }
}

# A control call's answer.
function Invoke-Control([string] $BaseUrl, [string] $Method, [string] $Call, [hashtable] $Body, [int] $Allowed) {
    $json = $Body ? (ConvertTo-Json $Body -Depth 20) : $null
    $reply = Invoke-WebRequest "$BaseUrl/_sim/$Call" -Method $Method -Body $json -SkipHttpErrorCheck -TimeoutSec 10
    if ($reply.StatusCode -ge 300 -and $reply.StatusCode -ne $Allowed) {
        throw "$Method /_sim/$Call answered $($reply.StatusCode): $($reply.Content)"
    }
    if ($reply.Content) { ConvertFrom-Json $reply.Content }
}

Export-ModuleMember -Function Start-Simulator, Stop-Simulator, Use-Tenant, Add-Rule, Use-Scenario, Stop-Clock, Step-Clock,
Test-Password, Assert-Exchange
