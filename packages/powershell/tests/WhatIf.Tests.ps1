# Commands that change something say with -WhatIf what they would do, and do nothing; -Confirm asks before they do it.

BeforeDiscovery {
    # PSScriptAnalyzer asks it of the first eight verbs; the others change something here, too.
    $verbs = 'New', 'Set', 'Remove', 'Start', 'Stop', 'Restart', 'Reset', 'Update', 'Add', 'Step', 'Save'
    $manifest = Import-PowerShellDataFile (Join-Path (Split-Path $PSScriptRoot) 'SyncGroupSim/SyncGroupSim.psd1')
    $changing = @($manifest.FunctionsToExport | Where-Object { $verbs -contains ($_ -split '-')[0] }) + 'Use-SimScenario'
}

BeforeAll {
    Set-StrictMode -Version Latest
    Import-Module (Join-Path (Split-Path $PSScriptRoot) 'SyncGroupSim') -Force
    Import-Module (Join-Path $PSScriptRoot 'Client.psm1') -Force
    $server = Start-SyncGroupSim
    $broken = @{ when = @{ operation = 'getPasswordSyncGroups' }; fault = @{ respond = @{ status = 503 } } }
    $tenant = New-SimTenant -Rule $broken -Clock @{ mode = 'manual'; now = '2030-01-01T00:00:00Z' }
    $null = Get-Group $tenant

    # All of a tenant that a command might change.
    function Get-Everything {
        foreach ($call in 'scenario', 'clock', 'state', 'journal') { Invoke-SimControl $tenant Get $call -Raw }
    }
}

AfterAll {
    Stop-SyncGroupSim
}

Describe 'what changes something' {
    It 'takes -WhatIf and -Confirm: <_>' -ForEach $changing {
        (Get-Command $_).Parameters.Keys | Should -Contain WhatIf
        (Get-Command $_).Parameters.Keys | Should -Contain Confirm
    }

    It 'changes nothing with -WhatIf: <does>' -ForEach @(
        @{ does = 'New-SimTenant'; run = { New-SimTenant -Name never -Seed 5 -WhatIf } }
        @{ does = 'Reset-SimTenant'; run = { $tenant | Reset-SimTenant -WhatIf } }
        @{ does = 'Remove-SimTenant'; run = { $tenant | Remove-SimTenant -WhatIf } }
        @{ does = 'Add-SimRule'; run = { Add-SimRule $tenant $broken -WhatIf } }
        @{ does = 'Use-SimScenario'; run = { Use-SimScenario $tenant rate-limited -WhatIf } }
        @{ does = 'Use-SimScenario, with none'; run = { Use-SimScenario $tenant -WhatIf } }
        @{ does = 'Step-SimClock'; run = { Step-SimClock $tenant 13m -WhatIf } }
        @{ does = 'Set-SimClock'; run = { Set-SimClock $tenant auto -WhatIf } }
        @{ does = 'Save-SimJournal'; run = { Save-SimJournal $tenant -Folder (Join-Path $TestDrive 'kept') -WhatIf } }
        @{ does = 'Start-SyncGroupSim'; run = { Start-SyncGroupSim --token-lifetime 60s -WhatIf } }
        @{ does = 'Stop-SyncGroupSim'; run = { Stop-SyncGroupSim -WhatIf } }
        @{ does = 'Stop-SyncGroupSim, of one'; run = { $server | Stop-SyncGroupSim -WhatIf } }
    ) {
        $before = Get-Everything
        & $run | Should -BeNullOrEmpty
        Get-Everything | Should -Be $before
        Join-Path $TestDrive 'kept' | Should -Not -Exist
        # It is the one that was started last, and has no tenant of that name.
        $made = New-SimTenant -Name never -Confirm:$false
        $made.BaseUrl | Should -Be "$($server.BaseUrl)/tenants/never"
        Remove-SimTenant $made -Confirm:$false
    }

    It 'leaves no test to pass without a tenant' {
        { Use-SimTenant -With @{ WhatIf = $true } { 'it ran' } } | Should -Throw 'no tenant was made*' -ErrorId 'SimulatorError*'
    }
}
