# A tenant's time.

function Step-SimClock {
    <#
    .SYNOPSIS
    Has time pass in a tenant, and none in the test.
    .EXAMPLE
    Step-SimClock $tenant 13m
    .EXAMPLE
    $sleep = { param($Seconds) Step-SimClock $tenant $Seconds }.GetNewClosure()
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Low')]
    param(
        # The tenant, from New-SimTenant.
        [Parameter(Mandatory, Position = 0)] $Tenant,
        # 13m, 2s, 500ms; a number is seconds, as for Start-Sleep, and a TimeSpan is what it is. It is text, as 2s would
        # otherwise be a number in PowerShell 7, and 1d in every PowerShell.
        [Parameter(Mandatory, Position = 1)] [string] $By
    )
    try {
        $wait = ConvertTo-Duration $By
        if (-not $PSCmdlet.ShouldProcess((Get-TenantUrl $Tenant), "Move the clock on by $wait")) { return }
        $null = Invoke-TenantCall $Tenant POST clock/advance @{ by = $wait }
    } catch {
        $PSCmdlet.ThrowTerminatingError($_)
    }
}

# Seconds without a unit, and TimeSpans, in milliseconds, which are never fewer.
function ConvertTo-Duration([string] $Text) {
    $invariant = [System.Globalization.CultureInfo]::InvariantCulture
    $seconds = [decimal] 0
    $span = [TimeSpan]::Zero
    if ($Text -match ':' -and [TimeSpan]::TryParse($Text, $invariant, [ref] $span)) {
        $seconds = [decimal] $span.TotalSeconds
    } elseif (-not [decimal]::TryParse($Text, [System.Globalization.NumberStyles]::Float, $invariant, [ref] $seconds)) {
        return $Text
    }
    "$([long] [Math]::Ceiling($seconds * 1000))ms"
}

function Get-SimClock {
    <#
    .SYNOPSIS
    Says what a tenant's clock shows: its mode and its time.
    .EXAMPLE
    (Get-SimClock $tenant).now
    #>
    [CmdletBinding()]
    param(
        # The tenant, from New-SimTenant.
        [Parameter(Mandatory, Position = 0)] $Tenant
    )
    try {
        ConvertFrom-Json (Invoke-TenantCall $Tenant GET clock)
    } catch {
        $PSCmdlet.ThrowTerminatingError($_)
    }
}

function Set-SimClock {
    <#
    .SYNOPSIS
    Sets a tenant's clock: its mode, its time, or both.
    .EXAMPLE
    Set-SimClock $tenant manual
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Low')]
    param(
        # The tenant, from New-SimTenant.
        [Parameter(Mandatory, Position = 0)] $Tenant,
        # auto, manual or skipping.
        [Parameter(Position = 1)] [string] $Mode,
        # Such as 2030-01-01T00:00:00Z.
        [string] $Now
    )
    try {
        $settings = @{}
        if ($Mode) { $settings.mode = $Mode }
        if ($Now) { $settings.now = $Now }
        if (-not $PSCmdlet.ShouldProcess((Get-TenantUrl $Tenant), "Set the clock to $(@($Mode, $Now | Where-Object { $_ }) -join ', ')")) { return }
        $null = Invoke-TenantCall $Tenant PUT clock $settings
    } catch {
        $PSCmdlet.ThrowTerminatingError($_)
    }
}
