# The published PowerShell module drives password sync groups and all that a password change needs, the change among it. The
# module repeats what fails, so that only one refusal is tried.

BeforeAll {
    Import-Module "$PSScriptRoot/../../../examples/powershell/Simulator.psm1", "$PSScriptRoot/Sdk.psm1" -Force
    Import-Sdk
    Start-Simulator

    $owner = '2c9180835d2e5168015d32f890ca1581'
    $uma = '2c9180835d2e5168015d32f890ca1585'
    $mainframe = '2c918084660f45d6016617daa9210609'
    $badgeReader = '2c918084660f45d6016617daa9210608'
    $staff = [pscustomobject]@{
        name             = 'Staff'
        passwordPolicyId = '2c91808d744ba0ce01746f93b6204501'
        sourceIds        = '2c918084660f45d6016617daa9210584', '2c918084660f45d6016617daa9210500'
    }

    # What is sent of a JSON Patch.
    function New-Step([string] $Op, [string] $Path, $Value) {
        [pscustomobject]@{ op = $Op; path = $Path; value = $Value }
    }

    function New-Source {
        Invoke-Sdk New-Source @{ Source = [pscustomobject]@{
                name      = 'Of the SDK'
                owner     = [pscustomobject]@{ type = 'IDENTITY'; id = $owner }
                connector = 'active-directory'
                features  = 'PASSWORD', 'PROVISIONING'
            }
        }
    }

    function ConvertTo-Encrypted([string] $Password, [string] $PublicKey) {
        $rsa = [Security.Cryptography.RSA]::Create()
        $read = 0
        $rsa.ImportSubjectPublicKeyInfo([Convert]::FromBase64String($PublicKey), [ref] $read)
        $padding = [Security.Cryptography.RSAEncryptionPadding]::Pkcs1
        [Convert]::ToBase64String($rsa.Encrypt([Text.Encoding]::UTF8.GetBytes($Password), $padding))
    }

    # Sends a change of Amelia's password on the Active Directory, and returns how it ended.
    function Set-AmeliasPassword($Tenant, [string] $Password) {
        $query = [pscustomobject]@{ userName = 'amelia.admin'; sourceName = 'Active Directory' }
        $info = Invoke-Sdk Search-PasswordInfo @{ PasswordInfoQueryDTO = $query }
        $info.policies | Should -Contain 'passwordMinLength is 12'
        $begun = Invoke-Sdk Set-Password @{ PasswordChangeRequest = [pscustomobject]@{
                identityId        = $info.identityId
                encryptedPassword = ConvertTo-Encrypted $Password $info.publicKey
                publicKeyId       = $info.publicKeyId
                accountId         = $info.accounts[0].accountId
                sourceId          = $info.sourceId
            }
        }
        Step-Clock $Tenant 1m
        Invoke-Sdk Get-PasswordChangeStatus @{ Id = $begun.requestId }
    }
}

AfterAll {
    Stop-Simulator
}

Describe "the module's commands" {
    It 'drive a group through its life' {
        Use-Tenant { param($tenant)
            Connect-Sdk $tenant
            $group = Invoke-Sdk New-PasswordSyncGroup @{ PasswordSyncGroup = $staff }
            (Invoke-Sdk Get-PasswordSyncGroup @{ Id = $group.id }).name | Should -Be 'Staff'
            $renamed = $staff.PSObject.Copy()
            $renamed.name = 'Everybody'
            $updated = Invoke-Sdk Update-PasswordSyncGroup @{ Id = $group.id; PasswordSyncGroup = $renamed }
            $updated.name | Should -Be 'Everybody'
            (Invoke-Sdk Get-PasswordSyncGroups).name | Should -Contain 'Everybody'
            Invoke-Sdk Remove-PasswordSyncGroup @{ Id = $group.id }
            (Invoke-Sdk Get-PasswordSyncGroups).name | Should -Not -Contain 'Everybody'
        }
    }

    It 'create, read, put back, patch and delete a source' {
        Use-Tenant { param($tenant)
            Connect-Sdk $tenant
            $source = New-Source
            $source.owner.name | Should -Be 'Amelia Admin'
            # What the module returns is a hash table, and what it sends is an object.
            $read = [pscustomobject] (Invoke-Sdk Get-Source @{ Id = $source.id })
            $read.description = 'Changed'
            (Invoke-Sdk Send-Source @{ Id = $source.id; Source = $read }).description | Should -Be 'Changed'
            $step = New-Step add /features/- ENABLE
            $patched = Invoke-Sdk Update-Source @{ Id = $source.id; JsonPatchOperation = $step }
            $patched.features | Should -Be 'PASSWORD', 'PROVISIONING', 'ENABLE'
            (Invoke-Sdk Remove-Source @{ Id = $source.id }).type | Should -Be 'TASK_RESULT'
        }
    }

    It 'filter and sort sources' {
        Use-Tenant { param($tenant)
            Connect-Sdk $tenant
            $wanted = @{ Filters = 'features ca ("PASSWORD") and name sw "Research"'; Sorters = '-name' }
            (Invoke-Sdk Get-Sources $wanted).name | Should -Be 'Research Wiki', 'Research LDAP'
        }
    }

    It 'create a policy, assign it to a source and delete it' {
        Use-Tenant { param($tenant)
            Connect-Sdk $tenant
            # Release 1.6.6 was made before the header was documented for policies of v2024.
            if (Test-SdkHasVersions) {
                { Invoke-Sdk Get-PasswordPolicies } | Should -Throw '*400*'
                Set-SdkHeader X-SailPoint-Experimental 'true'
            }
            try {
                $wanted = [pscustomobject]@{ name = 'Of the SDK'; minLength = 8 }
                $policy = [pscustomobject] (Invoke-Sdk New-PasswordPolicy @{ PasswordPolicyV3Dto = $wanted })
                $policy.minLength = 9
                $put = Invoke-Sdk Set-PasswordPolicy @{ Id = $policy.id; PasswordPolicyV3Dto = $policy }
                $put.minLength, $put.maxRepeatedChars, $put.passwordExpiration | Should -Be 9, -1, 90

                $source = New-Source
                $holder = [pscustomobject]@{ policyId = $policy.id; policyName = 'Of the SDK' }
                $hold = @{ SourceId = $source.id; PasswordPolicyHoldersDtoInner = @($holder) }
                (Invoke-Sdk Update-PasswordPolicyHolders $hold).policyId | Should -Be $policy.id
                if (-not (Test-SdkHasVersions)) {
                    $held = Invoke-Sdk Get-PasswordPolicyHoldersOnSource @{ SourceId = $source.id }
                    $held.policyId | Should -Be $policy.id
                }
                (Invoke-Sdk Get-PasswordPolicyById @{ Id = $policy.id }).sourceIds | Should -Be $source.id
                $null = Invoke-Sdk Remove-Source @{ Id = $source.id }

                (Invoke-Sdk Get-PasswordPolicies).id | Should -Contain $policy.id
                Invoke-Sdk Remove-PasswordPolicy @{ Id = $policy.id }
                (Invoke-Sdk Get-PasswordPolicies).id | Should -Not -Contain $policy.id
            } finally {
                Set-SdkHeader X-SailPoint-Experimental
            }
        }
    }

    It 'create and change the org config' {
        Use-Tenant { param($tenant)
            Connect-Sdk $tenant
            $wanted = [pscustomobject]@{ digitTokenEnabled = $true; digitTokenLength = 9 }
            $created = Invoke-Sdk New-PasswordOrgConfig @{ PasswordOrgConfig = $wanted }
            $created.digitTokenDurationMinutes, $created.digitTokenLength | Should -Be 5, 9
            $wanted = [pscustomobject]@{ digitTokenDurationMinutes = 10 }
            $null = Invoke-Sdk Send-PasswordOrgConfig @{ PasswordOrgConfig = $wanted }
            (Invoke-Sdk Get-PasswordOrgConfig).digitTokenDurationMinutes | Should -Be 10
        }
    }

    It 'upload a dictionary and read it' {
        Use-Tenant { param($tenant)
            Connect-Sdk $tenant
            $file = Join-Path $TestDrive words.txt
            Set-Content $file "# ours`nlocale=en_US`nwinter`n" -NoNewline
            Invoke-Sdk Send-PasswordDictionary @{ File = $file }
            Invoke-Sdk Get-PasswordDictionary | Should -Match 'winter'
        }
    }

    It 'find people, publicly or not, and their accounts' {
        Use-Tenant { param($tenant)
            Connect-Sdk $tenant
            $wanted = @{ Filters = "identityId eq ""$uma"" and sourceId eq ""$mainframe"""; Sorters = 'name' }
            $account = Invoke-Sdk Get-Accounts $wanted
            $account.name, $account.sourceName | Should -Be 'UUSER01', 'Mainframe'
            (Invoke-Sdk Get-Account @{ Id = $account.id }).nativeIdentity | Should -Be 'UUSER01'
            $identity = Invoke-Sdk Get-Identities @{ Filters = 'alias eq "uma.user"'; DefaultFilter = 'NONE' }
            $identity.id, $identity.managerRef.name | Should -Be $uma, 'Walter Warehouse'
            (Invoke-Sdk Get-Identity @{ Id = $uma }).name | Should -Be 'Uma User'
            $public = Invoke-Sdk Get-PublicIdentities @{ Filters = 'lastname eq "User"'; AddCoreFilters = $true }
            $public.alias, $public.identityState | Should -Be 'uma.user', 'ACTIVE'
        }
    }

    It 'create, patch and delete an app' {
        Use-Tenant { param($tenant)
            Connect-Sdk $tenant
            $app = Invoke-Sdk New-SourceApp @{ SourceAppCreateDto = [pscustomobject]@{
                    name = 'Ledger'; description = 'Of the SDK'; accountSource = [pscustomobject]@{ id = $mainframe }
                }
            }
            $app.accountSource.useForPasswordManagement | Should -BeTrue
            $steps = (New-Step replace /enabled $true), (New-Step replace /provisionRequestEnabled $true),
            (New-Step add /accessProfiles/- p)
            $patched = Invoke-Sdk Update-SourceApp @{ Id = $app.id; JsonPatchOperation = $steps }
            $patched.enabled, $patched.accessProfiles | Should -Be $true, 'p'
            (Invoke-Sdk Get-SourceApp @{ Id = $app.id }).enabled | Should -BeTrue
            $wanted = @{ Filters = "accountSource.id eq ""$mainframe""" }
            (Invoke-Sdk Get-AvailableSourceApps $wanted).id | Should -Be $app.id
            Invoke-Sdk Get-AllSourceApp @{ Sorters = '-created'; Limit = 2 } | Should -HaveCount 2
            (Invoke-Sdk Get-AssignedSourceApp).name | Should -Contain 'Windows'
            (Invoke-Sdk Remove-SourceApp @{ Id = $app.id }).id | Should -Be $app.id
        }
    }

    It 'make a source eligible, and change a password on every source of a group' {
        Use-Tenant { param($tenant)
            Connect-Sdk $tenant
            Stop-Clock $tenant
            $step = New-Step add /features/- PASSWORD
            $patched = Invoke-Sdk Update-Source @{ Id = $badgeReader; JsonPatchOperation = $step }
            $patched.features | Should -Contain 'PASSWORD'
            $null = Invoke-Sdk New-PasswordSyncGroup @{ PasswordSyncGroup = $staff }

            $status = Set-AmeliasPassword $tenant Correct-Horse-7

            $status.state | Should -Be 'FINISHED'
            $status.sourceIds | Sort-Object | Should -Be ($staff.sourceIds | Sort-Object)
            Test-Password $tenant amelia.admin 'Active Directory' Correct-Horse-7 | Should -BeTrue
            Test-Password $tenant amelia.admin Okta Correct-Horse-7 | Should -BeTrue
        }
    }

    It 'are told why a password was refused' {
        Use-Tenant { param($tenant)
            Connect-Sdk $tenant
            Stop-Clock $tenant

            $status = Set-AmeliasPassword $tenant short

            $status.state | Should -Be 'FAILED'
            $status.errors | Should -Match 'Head Office Policy'
            Test-Password $tenant amelia.admin 'Active Directory' 'Winter-2026-ad!' | Should -BeTrue
        }
    }

    It 'get digits for a reset' {
        Use-Tenant { param($tenant)
            Connect-Sdk $tenant
            $wanted = [pscustomobject]@{ userId = 'uma.user'; length = 8 }
            $token = Invoke-Sdk New-DigitToken @{ PasswordDigitTokenReset = $wanted }
            $token.digitToken | Should -Match '^[0-9]{8}$'
        }
    }
}
