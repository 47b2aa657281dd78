# Runs a client against sync-group-sim while scenario.yaml is in force, and then asks what the client really did. It ends
# with 0 when that is what was expected. The server is the program that SYNC_GROUP_SIM_BIN names, or sync-group-sim on
# the PATH. Needs PowerShell 7.
$ErrorActionPreference = 'Stop'
$sim = if ($env:SYNC_GROUP_SIM_BIN) { $env:SYNC_GROUP_SIM_BIN } else { 'sync-group-sim' }

# The client: put your own command here. SAIL_BASE_URL, SAIL_CLIENT_ID and SAIL_CLIENT_SECRET are set.
function Invoke-Client {
    $token = Invoke-RestMethod "$env:SAIL_BASE_URL/oauth/token" -Method Post -TimeoutSec 10 -Body @{
        grant_type = 'client_credentials'; client_id = $env:SAIL_CLIENT_ID; client_secret = $env:SAIL_CLIENT_SECRET
    }
    $groups = @{
        Uri = "$env:SAIL_BASE_URL/v2024/password-sync-groups"; TimeoutSec = 10
        Headers = @{ Authorization = "Bearer $($token.access_token)" }
    }
    $staff = @{
        name = 'Staff'; passwordPolicyId = '2c91808d744ba0ce01746f93b6204501'
        sourceIds = '2c918084660f45d6016617daa9210584', '2c918084660f45d6016617daa9210500'
    } | ConvertTo-Json
    try {
        Invoke-RestMethod @groups -Method Post -ContentType application/json -Body $staff | Out-Null
    } catch {
        # A 500 does not say whether the group was made: look before you try again.
        $found = (Invoke-RestMethod @groups) | Where-Object name -EQ 'Staff'
        if (-not $found) { throw }
    }
}

$folder = New-Item -ItemType Directory (Join-Path ([IO.Path]::GetTempPath()) (New-Guid))
$portFile = Join-Path $folder 'port'
$scenario = Join-Path $PSScriptRoot 'scenario.yaml'
$server = Start-Process $sim -PassThru -RedirectStandardOutput (Join-Path $folder 'banner') -ArgumentList @(
    'serve', '--listen', '127.0.0.1:0', '--port-file', "`"$portFile`"", '--scenario', "`"$scenario`"",
    '--fixture', 'demo', '--log', 'off'
)
try {
    & $sim env --shell powershell --port-file $portFile --wait 10s | Out-String | Invoke-Expression

    Invoke-Client

    # What the client must have done. A status of 409 says what it did instead.
    $expected = '{"match": {"operation": "createPasswordSyncGroup"}, "count": {"exactly": 1}}'
    $said = Invoke-WebRequest "$env:SAIL_BASE_URL/_sim/verify" -Method Post -Body $expected -TimeoutSec 10 `
        -ContentType application/json -SkipHttpErrorCheck
    if ($said.StatusCode -ne 200) {
        & $sim journal --port-file $portFile
        throw "not ok: $($said.Content)"
    }
    'ok: exactly one create'
} finally {
    Stop-Process -Id $server.Id
    $server.WaitForExit()
    Remove-Item -Recurse $folder
}
