# What clients did in a tenant: verified, judged, read, kept.

$script:Journals = 'sync-group-sim-journals'

function Assert-SimVerification {
    <#
    .SYNOPSIS
    Fails unless the client did what is expected, and says what it did instead.
    .EXAMPLE
    Assert-SimVerification $tenant -Match @{ operation = 'getPasswordSyncGroups' } -Status 429 -Count @{ exactly = 1 }
    .EXAMPLE
    Assert-SimVerification $tenant @{ match = @{ operation = 'token' }; count = @{ exactly = 2 } }
    #>
    [CmdletBinding()]
    param(
        # The tenant, from New-SimTenant.
        [Parameter(Mandatory, Position = 0)] $Tenant,
        # The whole expectation, instead of or beside its parts.
        [Parameter(Position = 1)] $Expectation = @{},
        # Which exchanges: like a rule's when.
        $Match,
        # Their status.
        $Status,
        # How many there must be: exactly, atLeast, atMost; at least one when left out.
        $Count,
        # How far apart they must be: atLeast, atMost.
        $Apart,
        # What must follow, in order.
        [object[]] $Then
    )
    try {
        $wanted = ConvertTo-Table $Expectation
        foreach ($part in 'Match', 'Status', 'Count', 'Apart', 'Then') {
            if ($PSBoundParameters.ContainsKey($part)) { $wanted[$part.ToLowerInvariant()] = $PSBoundParameters[$part] }
        }
        $reply = Invoke-Call POST "$(Get-TenantUrl $Tenant)/_sim/verify" $wanted -Also 409
        if ($reply.Status -eq 409) { throw (New-SimError VerificationFailed (Get-Difference (ConvertFrom-Json $reply.Text))) }
    } catch {
        $PSCmdlet.ThrowTerminatingError($_)
    }
}

# An object's members in a hashtable of its own.
function ConvertTo-Table($Object) {
    $table = @{}
    if ($Object -is [System.Collections.IDictionary]) {
        foreach ($name in $Object.Keys) { $table[$name] = $Object[$name] }
        return $table
    }
    foreach ($member in $Object.PSObject.Properties) { $table[$member.Name] = $member.Value }
    $table
}

# What was expected, and what came nearest.
function Get-Difference($Answer) {
    $lines = @($Answer.nearest) | Where-Object { $_ } | ForEach-Object {
        $near = $_
        $words = foreach ($name in 'method', 'path', 'status') { if ($near.PSObject.Properties[$name]) { $near.$name } }
        "  exchange $($near.seq): $($words -join ' '): $($near.differs -join '; ')"
    }
    if (-not $lines) { $lines = '  no exchange at all' }
    (@("expected $($Answer.expected); nearest:") + $lines) -join "`n"
}

function Get-SimFinding {
    <#
    .SYNOPSIS
    Says what the verdicts on good client conduct find in the journal so far.
    .DESCRIPTION
    Each finding has verdict, severity, message and advice.
    .EXAMPLE
    Get-SimFinding $tenant | Should -BeNullOrEmpty
    #>
    [CmdletBinding()]
    param(
        # The tenant, from New-SimTenant.
        [Parameter(Mandatory, Position = 0)] $Tenant
    )
    try {
        (ConvertFrom-Json (Invoke-TenantCall $Tenant GET verdicts)).findings
    } catch {
        $PSCmdlet.ThrowTerminatingError($_)
    }
}

function Get-SimJournal {
    <#
    .SYNOPSIS
    Says what clients did in a tenant and were told, oldest first.
    .EXAMPLE
    Get-SimJournal $tenant -Operation createPasswordSyncGroup | Format-Table seq, method, path, status
    .EXAMPLE
    Get-SimJournal $tenant -Har | Set-Content it.har
    #>
    [CmdletBinding()]
    param(
        # The tenant, from New-SimTenant.
        [Parameter(Mandatory, Position = 0)] $Tenant,
        # Only exchanges of this operation.
        [string] $Operation,
        # Only exchanges that were answered with this status.
        [int] $Status,
        # Only exchanges of this client, by its id or its name.
        [string] $Client,
        # Only exchanges in which this rule fired.
        [string] $Rule,
        # Only exchanges after this one, by its seq.
        [long] $After,
        # At most so many.
        [int] $Limit,
        # The answer's text, instead of its exchanges.
        [switch] $Raw,
        # The text of an HTTP archive (.har) instead.
        [switch] $Har
    )
    try {
        $filters = foreach ($name in 'Operation', 'Status', 'Client', 'Rule', 'After', 'Limit') {
            if ($PSBoundParameters.ContainsKey($name)) {
                "$($name.ToLowerInvariant())=$([Uri]::EscapeDataString($PSBoundParameters[$name]))"
            }
        }
        $call = if ($Har) { 'journal.har' } else { 'journal' }
        if ($filters) { $call += "?$($filters -join '&')" }
        $text = Invoke-TenantCall $Tenant GET $call
        if ($Raw -or $Har) { $text } else { (ConvertFrom-Json $text).exchanges }
    } catch {
        $PSCmdlet.ThrowTerminatingError($_)
    }
}

function Save-SimJournal {
    <#
    .SYNOPSIS
    Writes a tenant's journal and its HTTP archive to a folder, and returns the journal's path.
    .EXAMPLE
    Save-SimJournal $tenant
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Low')]
    param(
        # The tenant, from New-SimTenant.
        [Parameter(Mandatory, Position = 0)] $Tenant,
        # The folder; the one that SYNC_GROUP_SIM_JOURNALS names, or sync-group-sim-journals, when left out.
        [string] $Folder
    )
    try {
        if (-not $Folder) { $Folder = [Environment]::GetEnvironmentVariable('SYNC_GROUP_SIM_JOURNALS') }
        if (-not $Folder) { $Folder = $script:Journals }
        $full = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($Folder)
        $base = Get-TenantUrl $Tenant
        $path = Join-Path $full $Tenant.Name
        if (-not $PSCmdlet.ShouldProcess("$path.json, and .har", "Write the journal of $base")) { return }
        $journal, $archive = (Invoke-TenantCall $Tenant GET journal), (Invoke-TenantCall $Tenant GET journal.har)
        try {
            $null = [System.IO.Directory]::CreateDirectory($full)
            [System.IO.File]::WriteAllText("$path.json", $journal)
            [System.IO.File]::WriteAllText("$path.har", $archive)
        } catch {
            throw (New-SimError SimulatorError "$full cannot be written; -Folder and SYNC_GROUP_SIM_JOURNALS name another folder")
        }
        "$path.json"
    } catch {
        $PSCmdlet.ThrowTerminatingError($_)
    }
}

# Tells what the client did in a test that failed: a line for each exchange, and where the journal is.
function Show-Journal($Tenant) {
    $told = @('what the client did (sync-group-sim):')
    try {
        $lines = (Read-Program (Get-ProgramAt $Tenant.BaseUrl) 'journal', '--url', $Tenant.BaseUrl).Out
        $told += if ($lines) { $lines } else { 'no request came' }
        $kept = Save-SimJournal $Tenant -WhatIf:$false -Confirm:$false
        $told += "journal: $kept, and .har; SYNC_GROUP_SIM_SEED=$($Tenant.Seed) repeats ids and faults"
    } catch {
        # The test's own failure counts.
        $told += "it could not be kept: $_"
    }
    Write-Host ($told -join "`n")
}
