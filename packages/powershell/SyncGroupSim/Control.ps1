# Control calls, over connections that are kept. Windows PowerShell's own cmdlets guess encodings, ask proxies and throw at a
# 409, so they are made by .NET's HttpClient.

Add-Type -AssemblyName System.Net.Http
$script:CallSeconds = 30
$script:JsonDepth = 50

$script:Http = & {
    $handler = New-Object System.Net.Http.HttpClientHandler
    # The server is on this machine.
    $handler.UseProxy = $false
    $http = New-Object System.Net.Http.HttpClient -ArgumentList $handler
    $http.Timeout = [TimeSpan]::FromSeconds($script:CallSeconds)
    $http.DefaultRequestHeaders.ExpectContinue = $false
    $http
}

# The status and the text of an answer. A status from 300 up is an error, but for the one in Also. Text as a body is sent as
# YAML, everything else as JSON.
function Invoke-Call([string] $Method, [string] $Url, $Body, [int] $Also = 0, [switch] $IsJson) {
    $request = New-Object System.Net.Http.HttpRequestMessage -ArgumentList (New-Object System.Net.Http.HttpMethod -ArgumentList $Method), $Url
    if ($null -ne $Body) {
        $isText = $Body -is [string]
        $text = if ($isText) { $Body } else { ConvertTo-Json -InputObject $Body -Depth $script:JsonDepth -Compress }
        $kind = if ($isText -and -not $IsJson) { 'application/yaml' } else { 'application/json' }
        $request.Content = New-Object System.Net.Http.StringContent -ArgumentList $text, ([System.Text.Encoding]::UTF8), $kind
    }
    try {
        $reply = $script:Http.SendAsync($request).GetAwaiter().GetResult()
        $answer = $reply.Content.ReadAsStringAsync().GetAwaiter().GetResult()
    } catch {
        $why = $_.Exception.GetBaseException().Message
        throw (New-SimError SimulatorError "the simulator at $(([Uri] $Url).Authority) does not answer ($why)")
    }
    $status = [int] $reply.StatusCode
    if ($status -ge 300 -and $status -ne $Also) {
        throw (New-SimError CallRefused "$Method $(([Uri] $Url).PathAndQuery): $(Get-Word $answer)" $status)
    }
    @{ Status = $status; Text = $answer }
}

# The server's words.
function Get-Word([string] $Answer) {
    try {
        $told = ConvertFrom-Json $Answer
        if ($told.error) { return $told.error }
    } catch {
        $null = 'not JSON: told as it is'
    }
    if ($Answer.Trim()) { return $Answer.Trim() }
    'no answer'
}

# A control call about a tenant; the answer's text.
function Invoke-TenantCall($Tenant, [string] $Method, [string] $Call, $Body, [switch] $IsJson) {
    (Invoke-Call $Method "$($Tenant.BaseUrl)/_sim/$Call" $Body -IsJson:$IsJson).Text
}

function Invoke-SimControl {
    <#
    .SYNOPSIS
    Makes any call of the control API about a tenant.
    .DESCRIPTION
    What the other commands do not cover: passwords, accounts, the whole scenario. docs/control-api.md lists the calls. Text
    as a body is sent as YAML, everything else as JSON.
    .EXAMPLE
    Invoke-SimControl $tenant Post passwords/check @{ userName = 'amelia.admin'; source = 'Okta'; password = 'Correct-Horse-7' }
    #>
    [CmdletBinding()]
    param(
        # The tenant, from New-SimTenant.
        [Parameter(Mandatory, Position = 0)] $Tenant,
        # Get, Post, Put or Delete.
        [Parameter(Mandatory, Position = 1)] [string] $Method,
        # What follows /_sim/: passwords, scenario/rules.
        [Parameter(Mandatory, Position = 2)] [string] $Call,
        # What is sent.
        [Parameter(Position = 3)] $Body,
        # The answer's text, instead of what is in its JSON.
        [switch] $Raw
    )
    try {
        $text = Invoke-TenantCall $Tenant $Method.ToUpperInvariant() $Call $Body
        if ($Raw) { $text } elseif ($text) { ConvertFrom-Json $text }
    } catch {
        $PSCmdlet.ThrowTerminatingError($_)
    }
}
