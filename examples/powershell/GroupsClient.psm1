# The client under test: lists and creates password sync groups, and survives the usual troubles. It stands for your own
# script: it gets a new token when its own has expired, waits as long as a 429 says, and looks before it repeats a create
# whose answer was lost.

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$script:Attempts = 4

# A client; Sleep is what waits, and is given seconds.
function New-GroupsClient(
    [string] $BaseUrl, [string] $ClientId, [string] $ClientSecret,
    [scriptblock] $Sleep = { param($Seconds) Start-Sleep -Seconds $Seconds }
) {
    [pscustomobject]@{
        BaseUrl = $BaseUrl; ClientId = $ClientId; ClientSecret = $ClientSecret; Sleep = $Sleep; Token = $null
    }
}

function Get-Group($Client) {
    $reply = Invoke-Groups $Client Get
    if ($reply.StatusCode -ge 300) { throw "the service answered $($reply.StatusCode)" }
    ConvertFrom-Json $reply.Content
}

function New-Group($Client, [hashtable] $Group) {
    $reply = Invoke-Groups $Client Post $Group
    if ($reply.StatusCode -ge 500) {
        # A 500 does not say whether the group was made; only looking does.
        $made = Get-Group $Client | Where-Object name -EQ $Group.name
        if ($made) { return $made }
        $reply = Invoke-Groups $Client Post $Group
    }
    if ($reply.StatusCode -ge 300) { throw "the service answered $($reply.StatusCode)" }
    ConvertFrom-Json $reply.Content
}

function Invoke-Groups($Client, [string] $Method, [hashtable] $Group) {
    for ($attempt = 1; ; $attempt++) {
        if (-not $Client.Token) { $Client.Token = Get-Token $Client }
        $body = $Group ? (ConvertTo-Json $Group) : $null
        $reply = Invoke-WebRequest "$($Client.BaseUrl)/v2024/password-sync-groups" -Method $Method -Body $body `
            -Headers @{ Authorization = "Bearer $($Client.Token)" } -ContentType application/json `
            -SkipHttpErrorCheck -TimeoutSec 10
        if ($attempt -eq $script:Attempts -or $reply.StatusCode -notin 401, 429) { return $reply }
        if ($reply.StatusCode -eq 401) {
            $Client.Token = $null
        } else {
            $after = "$($reply.Headers['Retry-After'])"
            $null = & $Client.Sleep ($after ? [int] $after : 1)
        }
    }
}

function Get-Token($Client) {
    $form = @{
        grant_type = 'client_credentials'; client_id = $Client.ClientId; client_secret = $Client.ClientSecret
    }
    (Invoke-RestMethod "$($Client.BaseUrl)/oauth/token" -Method Post -Body $form -TimeoutSec 10).access_token
}

Export-ModuleMember -Function New-GroupsClient, Get-Group, New-Group
