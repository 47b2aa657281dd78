# The client under test: lists and creates password sync groups, changes passwords, and survives the usual troubles. It
# stands for your own script: it gets a new token when its own has expired, waits as long as a 429 says, looks before it
# repeats a create whose answer was lost, and polls until a password change has ended.

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$script:Attempts = 4
$script:Polls = 60
$script:PollSeconds = 4

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
    Read-Reply (Invoke-Service $Client Get password-sync-groups)
}

function New-Group($Client, [hashtable] $Group) {
    $reply = Invoke-Service $Client Post password-sync-groups $Group
    if ($reply.StatusCode -ge 500) {
        # A 500 does not say whether the group was made; only looking does.
        $made = Get-Group $Client | Where-Object name -EQ $Group.name
        if ($made) { return $made }
        $reply = Invoke-Service $Client Post password-sync-groups $Group
    }
    Read-Reply $reply
}

# Sets the password of a user's account on a source, and returns once that has happened.
function Set-Password($Client, [string] $UserName, [string] $SourceName, [string] $Password) {
    $query = @{ userName = $UserName; sourceName = $SourceName }
    $info = Read-Reply (Invoke-Service $Client Post query-password-info $query)
    $change = @{
        identityId        = $info.identityId
        sourceId          = $info.sourceId
        accountId         = $info.accounts[0].accountId
        publicKeyId       = $info.publicKeyId
        encryptedPassword = ConvertTo-Encrypted $Password $info.publicKey
    }
    $begun = Read-Reply (Invoke-Service $Client Post set-password $change)
    # The 202 says only that the change has begun.
    for ($poll = 1; $poll -le $script:Polls; $poll++) {
        $status = Read-Reply (Invoke-Service $Client Get "password-change-status/$($begun.requestId)")
        switch ($status.state) {
            FINISHED { return }
            FAILED { throw ($status.errors -join '; ') }
        }
        $null = & $Client.Sleep $script:PollSeconds
    }
    throw 'the password change has not ended'
}

function ConvertTo-Encrypted([string] $Password, [string] $PublicKey) {
    $rsa = [Security.Cryptography.RSA]::Create()
    $read = 0
    $rsa.ImportSubjectPublicKeyInfo([Convert]::FromBase64String($PublicKey), [ref] $read)
    $secret = $rsa.Encrypt([Text.Encoding]::UTF8.GetBytes($Password), [Security.Cryptography.RSAEncryptionPadding]::Pkcs1)
    [Convert]::ToBase64String($secret)
}

function Read-Reply($Reply) {
    if ($Reply.StatusCode -ge 300) { throw "the service answered $($Reply.StatusCode)" }
    ConvertFrom-Json $Reply.Content
}

function Invoke-Service($Client, [string] $Method, [string] $Path, [hashtable] $Content) {
    for ($attempt = 1; ; $attempt++) {
        if (-not $Client.Token) { $Client.Token = Get-Token $Client }
        $body = $Content ? (ConvertTo-Json $Content) : $null
        $reply = Invoke-WebRequest "$($Client.BaseUrl)/v2024/$Path" -Method $Method -Body $body `
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

Export-ModuleMember -Function New-GroupsClient, Get-Group, New-Group, Set-Password
