# Tenants: what the client under test needs, and what goes wrong for it.

# Parameters that every command has: -Verbose, -WhatIf and so on.
$script:PowerShellsOwn = [System.Management.Automation.PSCmdlet]::CommonParameters +
[System.Management.Automation.PSCmdlet]::OptionalCommonParameters

function New-SimTenant {
    <#
    .SYNOPSIS
    Makes a tenant: groups, credentials, faults, clock and journal of its own.
    .DESCRIPTION
    Returns BaseUrl, ClientId and ClientSecret for the client under test, and Name, Seed, Clients and Env (the variables that
    the vendor's SDKs read). The other commands take the object as -Tenant.
    .EXAMPLE
    $tenant = New-SimTenant -Scenario rate-limited -Clock manual
    .EXAMPLE
    New-SimTenant -Rule @{ when = @{ operation = 'createPasswordSyncGroup' }; fault = @{ respond = @{ status = 500 } } }
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Low')]
    param(
        # What goes wrong: names of built-in scenarios, paths of scenario files (.yaml, .json), whole scenarios. A YAML file
        # stands alone.
        [object[]] $Scenario,
        # What is in the tenant: a built-in fixture's name, the path of a file (.yaml, .json), or a whole fixture.
        [object] $Fixture,
        # Single rules, as hashtables or JSON text in the words of a scenario file; the first comes first.
        [object[]] $Rule,
        # The clock's mode (auto, manual, skipping), or @{ mode = ...; now = ... }.
        [object] $Clock,
        # What the server calls it; made up when left out.
        [string] $Name,
        # What ids and faults are drawn from.
        [uint64] $Seed,
        # With the seed, what ids and faults are drawn from: the same in every run, whichever tests ran before.
        [string] $DrawKey,
        # enforce or ignore.
        [string] $Prerequisites,
        # off, or such as 100/10s.
        [string] $RateLimit,
        # Such as 60s.
        [string] $TokenLifetime,
        # Such as 2s.
        [string] $PasswordChangeTime,
        # shown or hidden.
        [string] $SimFault,
        # The server, from Start-SyncGroupSim; the one that was started last when left out.
        [object] $Server
    )
    try {
        $given = @{}
        foreach ($name in $PSBoundParameters.Keys) {
            if ($name -ne 'Server' -and $script:PowerShellsOwn -notcontains $name) {
                $given[$name] = $PSBoundParameters[$name]
            }
        }
        $beginning = New-Beginning $given
        $url = Get-Server $Server
        if (-not $PSCmdlet.ShouldProcess($url, 'Make a tenant')) { return }
        $made = ConvertFrom-Json (Invoke-Call POST "$url/_sim/tenants" $beginning.Body).Text
        if ($made.PSObject.Properties['warnings']) { $made.warnings | ForEach-Object { Write-Warning $_ } }
        $tenant = New-TenantObject $url $made $beginning
        try {
            Initialize-Tenant $tenant
        } catch {
            Remove-Tenant $tenant
            throw
        }
        $tenant
    } catch {
        $PSCmdlet.ThrowTerminatingError($_)
    }
}

function New-TenantObject([string] $Url, $Made, [hashtable] $Beginning) {
    $first = @($Made.clients) | Select-Object -First 1
    $id, $secret = if ($first) { $first.clientId, $first.clientSecret } else { '', '' }
    $base = "$Url/tenants/$($Made.name)"
    [pscustomobject]@{
        PSTypeName   = 'SyncGroupSim.Tenant'
        Name         = $Made.name
        BaseUrl      = $base
        ClientId     = $id
        ClientSecret = $secret
        Clients      = @($Made.clients)
        Seed         = $Made.seed
        Env          = @{ SAIL_BASE_URL = $base; SAIL_CLIENT_ID = $id; SAIL_CLIENT_SECRET = $secret }
        # For Reset-SimTenant.
        Beginning    = $Beginning
    }
}

# What creating it cannot say, and a reset of the control API's alone takes away.
function Initialize-Tenant($Tenant) {
    if (-not $Tenant.PSObject.Properties['Beginning']) { return }
    $beginning = $Tenant.Beginning
    if ($beginning.File) { $null = Invoke-TenantCall $Tenant PUT scenario $beginning.File }
    # Each comes ahead of those before it.
    $rules = @($beginning.Rules)
    [array]::Reverse($rules)
    foreach ($rule in $rules) { $null = Invoke-TenantCall $Tenant POST scenario/rules $rule -IsJson }
    if ($beginning.Clock) { $null = Invoke-TenantCall $Tenant PUT clock $beginning.Clock }
}

function Reset-SimTenant {
    <#
    .SYNOPSIS
    Puts a tenant back to how it began: state, clock, rules, journal, and the same ids and faults again.
    .EXAMPLE
    BeforeEach { Reset-SimTenant $tenant }
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Low')]
    param(
        # The tenant, from New-SimTenant.
        [Parameter(Mandatory, Position = 0, ValueFromPipeline)] $Tenant
    )
    process {
        try {
            if (-not $PSCmdlet.ShouldProcess((Get-TenantUrl $Tenant), 'Put the tenant back to how it began')) { return }
            $null = Invoke-TenantCall $Tenant POST reset
            Initialize-Tenant $Tenant
        } catch {
            $PSCmdlet.ThrowTerminatingError($_)
        }
    }
}

function Remove-SimTenant {
    <#
    .SYNOPSIS
    Deletes a tenant, with everything in it.
    .EXAMPLE
    AfterEach { Remove-SimTenant $tenant }
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Low')]
    param(
        # The tenant, from New-SimTenant.
        [Parameter(Mandatory, Position = 0, ValueFromPipeline)] $Tenant
    )
    process {
        try {
            if ($PSCmdlet.ShouldProcess((Get-TenantUrl $Tenant), 'Delete the tenant, with everything in it')) { Remove-Tenant $Tenant }
        } catch {
            $PSCmdlet.ThrowTerminatingError($_)
        }
    }
}

function Remove-Tenant($Tenant) {
    $url = Get-TenantUrl $Tenant
    $end = $url.LastIndexOf('/tenants/')
    if ($end -lt 0) { throw (New-NoTenant $Tenant) }
    $root = $url.Substring(0, $end)
    $null = Invoke-Call DELETE "$root/_sim/tenants/$($Tenant.Name)" -Also 404
}

function Use-SimTenant {
    <#
    .SYNOPSIS
    Runs a test with a tenant of its own, which is gone afterwards.
    .DESCRIPTION
    Where the test fails, what the client did is told, and kept in the folder sync-group-sim-journals.
    .EXAMPLE
    It 'lists the groups' {
        Use-SimTenant { param($tenant) Get-MyGroup $tenant.BaseUrl $tenant.ClientId $tenant.ClientSecret }
    }
    .EXAMPLE
    Use-SimTenant -With @{ Scenario = 'rate-limited'; Clock = 'manual' } { param($tenant) Test-MyClient $tenant }
    #>
    [CmdletBinding()]
    param(
        # The test, which gets the tenant.
        [Parameter(Mandatory, Position = 0)] [scriptblock] $Test,
        # What New-SimTenant takes, as a hashtable.
        [hashtable] $With = @{}
    )
    $tenant = $null
    $hasFailed = $false
    try {
        $tenant = New-SimTenant @With
        # Without one the test would pass, and nothing was tested.
        if (-not $tenant) {
            throw (New-SimError SimulatorError 'no tenant was made, as -WhatIf, $WhatIfPreference or an answer to -Confirm has it; expected one for the test')
        }
        & $Test $tenant
    } catch {
        $hasFailed = $true
        if ($tenant) { Show-Journal $tenant }
        $PSCmdlet.ThrowTerminatingError($_)
    } finally {
        # The test's own failure counts.
        if ($tenant) { try { Remove-Tenant $tenant } catch { if (-not $hasFailed) { throw } } }
    }
}

function Add-SimRule {
    <#
    .SYNOPSIS
    Has something go wrong from now on.
    .EXAMPLE
    Add-SimRule $tenant @{
        when  = @{ operation = 'createPasswordSyncGroup' }
        fires = @{ nth = 1 }
        stage = 'after'
        fault = @{ respond = @{ status = 500 } }
    }
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Low')]
    param(
        # The tenant, from New-SimTenant.
        [Parameter(Mandatory, Position = 0)] $Tenant,
        # A rule in the words of a scenario file, as a hashtable or as JSON text.
        [Parameter(Mandatory, Position = 1)] $Rule
    )
    try {
        if (-not $PSCmdlet.ShouldProcess((Get-TenantUrl $Tenant), 'Add a rule')) { return }
        $null = Invoke-TenantCall $Tenant POST scenario/rules $Rule -IsJson
    } catch {
        $PSCmdlet.ThrowTerminatingError($_)
    }
}

function Use-SimScenario {
    <#
    .SYNOPSIS
    Has built-in scenarios run from now on, and no other rules; none stops them all.
    .EXAMPLE
    Use-SimScenario $tenant token-expires-early
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Low')]
    param(
        # The tenant, from New-SimTenant.
        [Parameter(Mandatory, Position = 0)] $Tenant,
        # Their names.
        [Parameter(Position = 1)] [string[]] $Name = @()
    )
    try {
        $action = if ($Name) { "Run $($Name -join ', ') and no other rules" } else { 'End all rules' }
        if (-not $PSCmdlet.ShouldProcess((Get-TenantUrl $Tenant), $action)) { return }
        if ($Name) {
            $null = Invoke-TenantCall $Tenant PUT scenario @{ use = $Name }
        } else {
            $null = Invoke-TenantCall $Tenant DELETE scenario
        }
    } catch {
        $PSCmdlet.ThrowTerminatingError($_)
    }
}
