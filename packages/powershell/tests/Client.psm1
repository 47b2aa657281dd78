# The client under test: a request, and its status and text, whatever the status is.

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Add-Type -AssemblyName System.Net.Http

$script:Http = New-Object System.Net.Http.HttpClient

function Invoke-Service($Tenant, [string] $Method, [string] $Path, [string] $Body, [string] $Token, [string] $Type = 'application/json') {
    $verb = New-Object System.Net.Http.HttpMethod -ArgumentList $Method
    $request = New-Object System.Net.Http.HttpRequestMessage -ArgumentList $verb, ($Tenant.BaseUrl + $Path)
    if ($Token) { $null = $request.Headers.TryAddWithoutValidation('Authorization', "Bearer $Token") }
    if ($Body) {
        $request.Content = New-Object System.Net.Http.ByteArrayContent -ArgumentList @(, [System.Text.Encoding]::UTF8.GetBytes($Body))
        $null = $request.Content.Headers.TryAddWithoutValidation('Content-Type', $Type)
    }
    $reply = $script:Http.SendAsync($request).GetAwaiter().GetResult()
    [pscustomobject]@{ Status = [int] $reply.StatusCode; Text = $reply.Content.ReadAsStringAsync().GetAwaiter().GetResult() }
}

# A token; the form's order is that of the other languages, as faults are drawn from the bytes of a request.
function Get-Token($Tenant) {
    $form = "grant_type=client_credentials&client_id=$($Tenant.ClientId)&client_secret=$($Tenant.ClientSecret)"
    $reply = Invoke-Service $Tenant POST /oauth/token $form -Type 'application/x-www-form-urlencoded'
    if ($reply.Status -ne 200) { throw "the token's answer is $($reply.Status): $($reply.Text)" }
    (ConvertFrom-Json $reply.Text).access_token
}

# Lists the groups; the status and the groups.
function Get-Group($Tenant) {
    $reply = Invoke-Service $Tenant GET /v2024/password-sync-groups -Token (Get-Token $Tenant)
    [pscustomobject]@{ Status = $reply.Status; Text = $reply.Text }
}

Export-ModuleMember -Function Invoke-Service, Get-Token, Get-Group
