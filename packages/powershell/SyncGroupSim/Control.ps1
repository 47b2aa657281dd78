# Control calls, over connections that are kept. Windows PowerShell's own cmdlets guess encodings, ask proxies and throw at a
# 409, so they are made by .NET's HttpClient.

Add-Type -AssemblyName System.Net.Http
$script:CallSeconds = 30
$script:JsonDepth = 50
# A connection is gone a little before its process.
$script:EndingMilliseconds = 500
# What the system says where not even this machine itself can be reached.
$script:NoLoopback = 'NetworkUnreachable', 'HostUnreachable', 'AddressNotAvailable'

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
# YAML, a file as it is, everything else as JSON, which may have a file as its fixture. Every program of this module's version
# knows the call, but one that is the user's.
function Invoke-Call([string] $Method, [string] $Url, $Body, [int] $Also = 0, [switch] $IsJson, [switch] $IsUsers) {
    $request = New-Object System.Net.Http.HttpRequestMessage -ArgumentList (New-Object System.Net.Http.HttpMethod -ArgumentList $Method), $Url
    if ($null -ne $Body) { $request.Content = New-Content $Body $IsJson }
    try {
        $reply = $script:Http.SendAsync($request).GetAwaiter().GetResult()
        $answer = $reply.Content.ReadAsStringAsync().GetAwaiter().GetResult()
    } catch {
        $why = (Get-Why $_.Exception) + (Get-Ending $Url)
        throw (New-SimError SimulatorError "the simulator at $(([Uri] $Url).Authority) does not answer ($why)")
    }
    $status = [int] $reply.StatusCode
    if ($status -ge 300 -and $status -ne $Also) {
        $word = Get-Word $answer
        $lacks = if (-not $IsUsers) { Get-Lack $word $status $Method $Url }
        if ($lacks) { throw (New-Older (Get-ProgramAt $Url) $lacks) }
        $file, $called = Get-FileOf $Body
        $told = if ($file -and $word.StartsWith("${called}:")) { Get-NamedWord $file $word $called } else { "$Method $(([Uri] $Url).PathAndQuery): $word" }
        throw (New-SimError CallRefused $told $status)
    }
    @{ Status = $status; Text = $answer }
}

# What a program that refused one of this module's own calls does not know, if it is that.
function Get-Lack([string] $Word, [int] $Status, [string] $Method, [string] $Url) {
    if ((404, 405) -contains $Status -and $Word.Contains('`/_sim/')) {
        $path = ([Uri] $Url).AbsolutePath
        return "it has no ``$Method $($path.Substring($path.IndexOf('/_sim/')))``"
    }
    if ($Word.Contains('unknown key `drawKey`')) { 'it does not know `drawKey`' }
}

# How the server ended, if it did: a system that runs out of memory kills.
function Get-Ending([string] $Url) {
    $running = Get-Running $Url
    if ($running -and $running.Process.WaitForExit($script:EndingMilliseconds)) {
        "; the server has ended with code $($running.Process.ExitCode)"
    }
}

# Why there was no answer, without the words of a library.
function Get-Why([Exception] $Exception) {
    $base = $Exception.GetBaseException()
    if ($base -is [System.Net.Sockets.SocketException]) {
        $advice = if ($script:NoLoopback -contains "$($base.SocketErrorCode)") {
            '; expected a loopback interface that is up; in a sandbox without a network, try: ip link set lo up'
        }
        return $base.Message + $advice
    }
    if ($base -is [System.OperationCanceledException] -or $base -is [TimeoutException]) { return "nothing came for $script:CallSeconds s" }
    'it ended the connection, or sent what is no HTTP'
}

function New-Content($Body, [bool] $IsJson) {
    if (Test-IsRead $Body) {
        $content = New-Object System.Net.Http.ByteArrayContent -ArgumentList @(, [System.IO.File]::ReadAllBytes($Body.Full))
        $content.Headers.ContentType = [System.Net.Http.Headers.MediaTypeHeaderValue]::Parse($Body.MediaType)
        return $content
    }
    $kind = if ($Body -is [string] -and -not $IsJson) { 'application/yaml' } else { 'application/json' }
    New-Object System.Net.Http.StringContent -ArgumentList (ConvertTo-BodyText $Body), ([System.Text.Encoding]::UTF8), $kind
}

function ConvertTo-BodyText($Body) {
    if ($Body -is [string]) { return $Body }
    $file, $null = Get-FileOf $Body
    if ($file) {
        $Body = ConvertTo-Table $Body
        $Body['fixture'] = Get-FileText $file
    }
    ConvertTo-Json -InputObject $Body -Depth $script:JsonDepth -Compress
}

# The file that a body is, or has as its fixture, and what the server calls it.
function Get-FileOf($Body) {
    if (Test-IsRead $Body) { return $Body, 'body' }
    if ($Body -is [System.Collections.IDictionary] -and (Test-IsRead $Body['fixture'])) { return $Body['fixture'], 'fixture' }
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
function Invoke-TenantCall($Tenant, [string] $Method, [string] $Call, $Body, [switch] $IsJson, [switch] $IsUsers) {
    (Invoke-Call $Method "$(Get-TenantUrl $Tenant)/_sim/$Call" $Body -IsJson:$IsJson -IsUsers:$IsUsers).Text
}

# A tenant's base URL; what has none is told.
function Get-TenantUrl($Tenant) {
    if ($null -eq $Tenant -or -not $Tenant.PSObject.Properties['BaseUrl'] -or -not $Tenant.BaseUrl) { throw (New-NoTenant $Tenant) }
    $Tenant.BaseUrl
}

function New-NoTenant($Found) {
    $told = if ($null -eq $Found) { 'nothing' } elseif ($Found -is [array]) { "a list of $($Found.Count)" } else { """$Found""" }
    New-SimError SimulatorError "-Tenant is $told; expected the tenant that New-SimTenant returns"
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
        $text = Invoke-TenantCall $Tenant $Method.ToUpperInvariant() $Call $Body -IsUsers
        if ($Raw) { $text } elseif ($text) { ConvertFrom-Json $text }
    } catch {
        $PSCmdlet.ThrowTerminatingError($_)
    }
}
