@{
    RootModule           = 'SyncGroupSim.psm1'
    # The program's version: one for everything.
    ModuleVersion        = '0.1.0'
    GUID                 = '5d1f2f4a-6c0e-4c58-9a57-1f0c5f0f7c3b'
    Author               = 'The authors of sync-group-sim'
    Copyright            = '(c) The authors of sync-group-sim. MIT OR Apache-2.0'
    Description          = 'A tenant for each test in sync-group-sim, a local stand-in for SailPoint''s Password Sync Groups API that misbehaves on purpose. Not SailPoint''s, and not endorsed by them.'
    PowerShellVersion    = '5.1'
    CompatiblePSEditions = 'Desktop', 'Core'
    FunctionsToExport    = @(
        'Start-SyncGroupSim', 'Stop-SyncGroupSim',
        'New-SimTenant', 'Reset-SimTenant', 'Remove-SimTenant', 'Use-SimTenant',
        'Add-SimRule', 'Use-SimScenario',
        'Step-SimClock', 'Get-SimClock', 'Set-SimClock',
        'Assert-SimVerification', 'Get-SimFinding', 'Get-SimJournal', 'Save-SimJournal',
        'Invoke-SimControl'
    )
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
    PrivateData          = @{ PSData = @{ Tags = 'mock', 'sailpoint', 'fault-injection', 'testing', 'pester' } }
}
