# What the client does when the service misbehaves: each test arms one fault, runs the client, and verifies.

BeforeAll {
    Import-Module "$PSScriptRoot/Simulator.psm1", "$PSScriptRoot/GroupsClient.psm1" -Force
    Start-Simulator

    # The demo fixture's policy, and two sources that are free to be grouped.
    $staff = @{
        name             = 'Staff'
        passwordPolicyId = '2c91808d744ba0ce01746f93b6204501'
        sourceIds        = '2c918084660f45d6016617daa9210584', '2c918084660f45d6016617daa9210500'
    }

    # The client's waits pass in the tenant's time: thirty seconds take none.
    function New-Client($Tenant) {
        $sleep = { param($Seconds) Step-Clock $Tenant "${Seconds}s" }.GetNewClosure()
        New-GroupsClient $Tenant.BaseUrl $Tenant.ClientId $Tenant.ClientSecret $sleep
    }
}

AfterAll {
    Stop-Simulator
}

Describe 'the client' {
    It 'does not repeat a create whose answer was lost' {
        Use-Tenant { param($tenant)
            $client = New-Client $tenant
            Add-Rule $tenant @{
                when  = @{ operation = 'createPasswordSyncGroup' }
                fires = @{ nth = 1 }
                stage = 'after'
                fault = @{ respond = @{ status = 500 } }
            }

            $group = New-Group $client $staff

            (Get-Group $client | Where-Object name -EQ 'Staff').id | Should -Be $group.id
            Assert-Exchange $tenant @{ match = @{ operation = 'createPasswordSyncGroup' }; count = @{ exactly = 1 } }
        }
    }

    It 'waits as long as a 429 says' {
        Use-Tenant { param($tenant)
            Stop-Clock $tenant
            Add-Rule $tenant @{
                when  = @{ operation = 'getPasswordSyncGroups' }
                fires = @{ nth = 1 }
                fault = @{ rateLimited = @{ retryAfter = '30s'; window = '30s' } }
            }

            Get-Group (New-Client $tenant)

            Assert-Exchange $tenant @{
                match = @{ operation = 'getPasswordSyncGroups' }
                count = @{ exactly = 2 }
                apart = @{ atLeast = '30s' }
                then  = @(@{ match = @{ operation = 'getPasswordSyncGroups' }; status = 200 })
            }
        }
    }

    It 'replaces a token that has expired' {
        Use-Tenant { param($tenant)
            Stop-Clock $tenant
            $client = New-Client $tenant
            Get-Group $client
            Step-Clock $tenant 750s # a token lives for 749 seconds

            Get-Group $client

            Assert-Exchange $tenant @{
                match = @{ operation = 'getPasswordSyncGroups' }; status = 401; count = @{ exactly = 1 }
            }
            Assert-Exchange $tenant @{ match = @{ operation = 'token' }; status = 200; count = @{ exactly = 2 } }
        }
    }

    It 'replaces a token that ends early' {
        Use-Tenant { param($tenant)
            Use-Scenario $tenant token-expires-early # at the third call
            $client = New-Client $tenant

            1..3 | ForEach-Object { Get-Group $client }

            Assert-Exchange $tenant @{
                match = @{ operation = 'getPasswordSyncGroups' }; status = 401; count = @{ exactly = 1 }
            }
            Assert-Exchange $tenant @{ match = @{ operation = 'token' }; status = 200; count = @{ exactly = 2 } }
        }
    }

    It 'waits for a password change, which reaches every source' {
        Use-Tenant { param($tenant)
            Stop-Clock $tenant
            Use-Scenario $tenant password-change-slow # by a minute
            $client = New-Client $tenant
            $null = New-Group $client $staff

            Set-Password $client amelia.admin 'Active Directory' Correct-Horse-7

            Test-Password $tenant amelia.admin 'Active Directory' Correct-Horse-7 | Should -BeTrue
            Test-Password $tenant amelia.admin Okta Correct-Horse-7 | Should -BeTrue
            Assert-Exchange $tenant @{ match = @{ operation = 'setPassword' }; count = @{ exactly = 1 } }
        }
    }

    It 'is told what came nearest when a verification fails' {
        Use-Tenant { param($tenant)
            Get-Group (New-Client $tenant)

            $expectation = @{ match = @{ operation = 'getPasswordSyncGroups' }; status = 429 }
            { Assert-Exchange $tenant $expectation } | Should -Throw '*status is 200, not 429*'
        }
    }
}
