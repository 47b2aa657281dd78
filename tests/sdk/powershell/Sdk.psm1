# The published PowerShell module of one release, its commands under one set of names. SDK_RELEASE is the release, and
# SDK_MODULE the folder of its module PSSailpoint; tests/sdk/run sets both. Release 1 has a part for each API version, of
# which this is v2024; release 2 has one for each service.

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$script:HasVersions = $env:SDK_RELEASE.StartsWith('1.')
$script:Parts = $script:HasVersions ? @('v2024') : @(
    'sources', 'password-policies', 'password-configuration', 'password-dictionary', 'password-management'
    'password-sync-groups', 'accounts', 'identities', 'public-identities', 'apps'
)

function Import-Sdk {
    # Its main file would import the parts for all of the platform, of which these tests need a few. This is the rest of it.
    New-Module PSSailpoint {
        . "$env:SDK_MODULE/Configuration.ps1"
        . "$env:SDK_MODULE/Pagination.ps1"
    } | Import-Module -DisableNameChecking -Global
    foreach ($part in $script:Parts) {
        $manifest = Get-Item "$env:SDK_MODULE/$part/src/*/*.psd1"
        Import-Module $manifest.FullName -DisableNameChecking -Global
    }
    # A call that fails is sent twice, not eleven times.
    Set-DefaultConfiguration -MaximumRetryCount 1 -RetryIntervalSeconds 1 -Experimental $true
}

# The module reads these variables at every call.
function Connect-Sdk($Tenant) {
    $env:SAIL_BASE_URL = $Tenant.BaseUrl
    $env:SAIL_CLIENT_ID = $Tenant.ClientId
    $env:SAIL_CLIENT_SECRET = $Tenant.ClientSecret
}

# Whether the commands are those of one API version, and not those of single services.
function Test-SdkHasVersions { $script:HasVersions }

# Sends a header with every call, or no longer.
function Set-SdkHeader([string] $Name, [string] $Value) {
    $headers = (Get-DefaultConfiguration).DefaultHeaders
    if ($Value) { $headers[$Name] = $Value } else { $headers.Remove($Name) }
}

# Calls a command by the name that is common to both releases: Get-Sources is Get-V2024Sources in one, and Get-SourcesV1 in
# the other.
function Invoke-Sdk([string] $Command, [hashtable] $Parameters = @{}) {
    $verb, $noun = $Command -split '-', 2
    $name = $script:HasVersions ? "$verb-V2024$noun" : "$verb-${noun}V1"
    & $name @Parameters
}

Export-ModuleMember -Function Import-Sdk, Connect-Sdk, Test-SdkHasVersions, Set-SdkHeader, Invoke-Sdk
