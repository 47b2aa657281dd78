# The tests that docs/powershell.md shows, as they stand there; the client is that of examples/powershell, which needs
# PowerShell 7.

BeforeAll {
    Import-Module (Join-Path (Split-Path $PSScriptRoot) 'SyncGroupSim')
    Import-Module (Join-Path $PSScriptRoot '../../../examples/powershell/GroupsClient.psm1')
    $null = Start-SyncGroupSim

    # The client's waits pass in the tenant's time: thirty seconds take none.
    function New-Client($Tenant) {
        $sleep = { param($Seconds) Step-SimClock $Tenant $Seconds }.GetNewClosure()
        New-GroupsClient $Tenant.BaseUrl $Tenant.ClientId $Tenant.ClientSecret $sleep
    }
}

AfterAll {
    Stop-SyncGroupSim
}

Describe 'my client' {
    It 'waits as long as a 429 says' {
        Use-SimTenant -With @{ Scenario = 'rate-limited'; Clock = 'manual' } { param($tenant)
            $client = New-Client $tenant

            1..4 | ForEach-Object { Get-Group $client } # the fourth is one too many, and gets a 429

            Assert-SimVerification $tenant -Match @{ operation = 'getPasswordSyncGroups' } -Status 429 -Count @{ exactly = 1 }
            Get-SimFinding $tenant | Should -BeNullOrEmpty
        }
    }

    It 'does not repeat a create whose answer was lost' {
        Use-SimTenant { param($tenant)
            Add-SimRule $tenant @{
                when  = @{ operation = 'createPasswordSyncGroup' }
                fires = @{ nth = 1 }
                stage = 'after'
                fault = @{ respond = @{ status = 500 } }
            }

            $null = New-Group (New-Client $tenant) @{
                name             = 'Staff'
                passwordPolicyId = '2c91808d744ba0ce01746f93b6204501'
                sourceIds        = '2c918084660f45d6016617daa9210584', '2c918084660f45d6016617daa9210500'
            }

            Assert-SimVerification $tenant -Match @{ operation = 'createPasswordSyncGroup' } -Count @{ exactly = 1 }
        }
    }

    It 'replaces a token that has expired' {
        Use-SimTenant -With @{ Clock = 'manual' } { param($tenant)
            $client = New-Client $tenant
            Get-Group $client
            Step-SimClock $tenant 13m # a token lives for 749 seconds

            Get-Group $client

            Assert-SimVerification $tenant -Match @{ operation = 'token' } -Status 200 -Count @{ exactly = 2 }
        }
    }
}
