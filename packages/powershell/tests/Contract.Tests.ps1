# The steps that every language's helper takes, by this one; packages/contract/compare.py compares the journals.

BeforeAll {
    Set-StrictMode -Version Latest
    Import-Module (Join-Path (Split-Path $PSScriptRoot) 'SyncGroupSim') -Force
    Import-Module (Join-Path $PSScriptRoot 'Client.psm1') -Force
    $contract = [System.IO.File]::ReadAllText((Join-Path (Split-Path (Split-Path $PSScriptRoot)) 'contract/steps.json')) | ConvertFrom-Json
    $null = Start-SyncGroupSim

    function Invoke-Step($Tenant, $Step) {
        switch ($Step.do) {
            token { $script:token = Get-Token $Tenant }
            send {
                $body = if ($Step.PSObject.Properties['body']) { $Step.body }
                (Invoke-Service $Tenant $Step.method $Step.path $body $script:token).Status | Should -Be $Step.status
            }
            rule {
                if ($Step.PSObject.Properties['refused']) {
                    $refused = { Add-SimRule $Tenant $Step.rule } | Should -Throw -ErrorId 'CallRefused*' -PassThru
                    $refused.Exception.Data['Status'] | Should -Be $Step.refused
                } else {
                    Add-SimRule $Tenant $Step.rule
                }
            }
            use { Use-SimScenario $Tenant $Step.scenarios }
            advance { Step-SimClock $Tenant $Step.by }
            verify {
                if ($Step.holds) {
                    Assert-SimVerification $Tenant $Step.expectation
                } else {
                    { Assert-SimVerification $Tenant $Step.expectation } | Should -Throw "*$($Step.says)*" -ErrorId 'VerificationFailed*'
                }
            }
            findings { (Get-SimFinding $Tenant).verdict | Should -Be $Step.verdicts }
            journal {
                $filters = @{}
                foreach ($filter in $Step.filters.PSObject.Properties) { $filters[$filter.Name] = $filter.Value }
                @(Get-SimJournal $Tenant @filters).Count | Should -Be $Step.exchanges
            }
            default { throw "a step of an unknown kind: $($Step.do)" }
        }
    }
}

AfterAll {
    Stop-SyncGroupSim
}

Describe 'the contract' {
    It 'is kept' {
        $begin = $contract.tenant
        $tenant = New-SimTenant -Name $begin.name -Seed $begin.seed -DrawKey $begin.drawKey -Fixture $begin.fixture `
            -Scenario $begin.scenario -Rule $begin.rules -Clock $begin.clock

        foreach ($step in $contract.steps) { Invoke-Step $tenant $step }

        if ($env:SYNC_GROUP_SIM_CONTRACT_JOURNALS) {
            $journal = Join-Path $env:SYNC_GROUP_SIM_CONTRACT_JOURNALS 'powershell.json'
            [System.IO.File]::WriteAllText($journal, (Get-SimJournal $tenant -Raw))
        }
    }
}
