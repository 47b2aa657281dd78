# What a test gets: a tenant set up by its parameters, told what went wrong, and gone afterwards.

BeforeAll {
    Set-StrictMode -Version Latest
    Import-Module (Join-Path (Split-Path $PSScriptRoot) 'SyncGroupSim') -Force
    Import-Module (Join-Path $PSScriptRoot 'Client.psm1') -Force
    $null = Start-SyncGroupSim
    $broken = @{ name = 'broken'; when = @{ operation = 'getPasswordSyncGroups' }; fault = @{ respond = @{ status = 503 } } }

    function Set-File([string] $Name, [string] $Text) {
        $path = Join-Path $TestDrive $Name
        [System.IO.File]::WriteAllText($path, $Text)
        $path
    }
}

AfterAll {
    Stop-SyncGroupSim
}

Describe 'New-SimTenant' {
    It 'makes a tenant of its own each time' {
        $one, $two = (New-SimTenant), (New-SimTenant)
        (Get-Group $one).Status | Should -Be 200
        @(Get-SimJournal $one).Count | Should -Be 2
        @(Get-SimJournal $two).Count | Should -Be 0
        $one.Env.SAIL_BASE_URL | Should -Be $one.BaseUrl
        $one.Env.SAIL_CLIENT_SECRET | Should -Be $one.ClientSecret
    }

    It 'takes rules, the first of which comes first, also as text' {
        $other = @{ when = @{ operation = 'getPasswordSyncGroups' }; fault = @{ respond = @{ status = 500 } } }
        (Get-Group (New-SimTenant -Rule $broken, $other)).Status | Should -Be 503
        (Get-Group (New-SimTenant -Rule '{"when": {"operation": "getPasswordSyncGroups"}, "fault": {"respond": {"status": 502}}}')).Status |
            Should -Be 502
    }

    It 'takes everything else that a tenant begins with' {
        $tenant = New-SimTenant -Fixture empty -Clock manual -Name everything -Seed 5 -DrawKey it -Prerequisites ignore `
            -RateLimit 100/10s -TokenLifetime 60s -PasswordChangeTime 2s -SimFault hidden -Scenario rate-limited, token-expires-early
        $tenant.Name | Should -Be everything
        $tenant.Seed | Should -Be 5
        (Get-Group $tenant).Text | Should -Be '[]'
        (Get-SimClock $tenant).mode | Should -Be manual
        $tenant | Remove-SimTenant
        { Get-SimClock $tenant } | Should -Throw -ErrorId 'CallRefused*'
    }

    It 'reads scenario and fixture files' {
        $yaml = Set-File mine.yaml "name: mine`nrules:`n  - when: {operation: getPasswordSyncGroups}`n    fault: {respond: {status: 502}}`n"
        (Get-Group (New-SimTenant -Scenario $yaml)).Status | Should -Be 502
        $json = Set-File mine.json '{"name": "mine", "rules": [{"when": {"operation": "getPasswordSyncGroups"}, "fault": {"respond": {"status": 504}}}]}'
        (Get-Group (New-SimTenant -Scenario $json)).Status | Should -Be 504
        (Get-Group (New-SimTenant -Fixture (Get-Item (Set-File few.json '{"groups": []}')))).Text | Should -Be '[]'
        (Get-Group (New-SimTenant -Fixture (Set-File few.yml "---`ngroups: []`n") -Clock manual)).Text | Should -Be '[]'
        Push-Location $TestDrive
        try { (Get-Group (New-SimTenant -Scenario mine.yaml)).Status | Should -Be 502 } finally { Pop-Location }
    }

    It 'reads files as the program reads them, and texts of times as they stand' {
        $scenario = '{"name": "mine", "rules": [{"when": {"operation": "createPasswordSyncGroup", "body": {"/at": "2030-01-01T00:00:00.000Z"}},
            "fault": {"respond": {"status": 504}}}]}'
        foreach ($encoding in 'utf-8', 'utf-16', 'utf-16BE') {
            $path = Join-Path $TestDrive "$encoding.json"
            [System.IO.File]::WriteAllText($path, $scenario, [System.Text.Encoding]::GetEncoding($encoding))
            (Invoke-SimControl (New-SimTenant -Scenario $path) Get scenario).rules[0].scenario | Should -Be mine
        }
        $tenant = New-SimTenant -Scenario $path
        $body = '{"at": "2030-01-01T00:00:00.000Z"}'
        (Invoke-Service $tenant POST /v2024/password-sync-groups $body -Token (Get-Token $tenant)).Status | Should -Be 504
        $fixture = Join-Path $TestDrive fixture.json
        [System.IO.File]::WriteAllText($fixture, '{"groups": []}', [System.Text.Encoding]::Unicode)
        (Get-Group (New-SimTenant -Fixture $fixture -Clock manual -DrawKey it)).Text | Should -Be '[]'
        [System.IO.File]::WriteAllText("$fixture.yaml", "groups: []`nsources:`n- {id: s, name: Z$([char] 0xfc)rich, connectionType: direct}`n", [System.Text.Encoding]::Unicode)
        (Invoke-SimControl (New-SimTenant -Fixture "$fixture.yaml") Get state).sources[0].name | Should -Be "Z$([char] 0xfc)rich"
    }

    It 'tells mistakes in files at their places' {
        $wrong = Set-File wrong.yaml "nmae: mine`nrules:`n  - fault: clsoe`n"
        { New-SimTenant -Scenario $wrong } | Should -Throw -ErrorId 'CallRefused*' -ExpectedMessage '*wrong.yaml:3:12: fault ?clsoe?*'
        $twice = Set-File twice.json "{""groups"": [],`n ""groups"": []}"
        { New-SimTenant -Fixture $twice } | Should -Throw '*twice.json:2:2: a repeated key*'
        { New-SimTenant -Fixture (Set-File once.json '{"grups": []}') } | Should -Throw '*once.json:1:2: unknown key ?grups?*'
        $third = { New-SimTenant -Fixture (Set-File third.yml "groups: []`nclints: []`ngroups: []`n") } | Should -Throw -PassThru
        "$third" | Should -BeLike "$(Join-Path $TestDrive third.yml):2:1: unknown key ?clints?*`n$(Join-Path $TestDrive third.yml):3:1: a repeated key, first on line 1*"
        [System.IO.File]::WriteAllBytes((Join-Path $TestDrive latin.yml), [byte[]] (0x67, 0xfc, 0x0a))
        { New-SimTenant -Fixture (Join-Path $TestDrive latin.yml) } | Should -Throw '*latin.yml: neither UTF-8 nor UTF-16; *' -ErrorId 'SimulatorError*'
        { New-SimTenant -Fixture @{ groups = @() } -RateLimit fast } | Should -Throw 'POST /_sim/tenants: body:1:*'
        $broken = Set-File broken.json "{""name"": ""mine"",`n ""rules"": [}`n"
        { New-SimTenant -Scenario $broken } | Should -Throw '*broken.json:2:12: *'
        { New-SimTenant -Scenario $broken, chaos } | Should -Throw '*broken.json: not JSON; ?sync-group-sim check*'
        $rule = @{ when = @{ client = 'nobody' }; fault = 'close' }
        New-SimTenant -Scenario @{ name = 'mine'; rules = @($rule) } -WarningVariable warned -WarningAction SilentlyContinue
        "$warned" | Should -BeLike '*nobody*'
    }

    It 'tells a mistake: <told>' -ForEach @(
        @{ told = 'rate-limitted'; with = @{ Scenario = 'rate-limitted' } }
        @{ told = 'absent.yaml: no such file'; with = @{ Scenario = 'absent.yaml' } }
        @{ told = 'stands alone'; with = @{ Scenario = 'absent.yaml', 'rate-limited' } }
        @{ told = 'absent.yml: no such file'; with = @{ Fixture = 'absent.yml' } }
        @{ told = 'burn'; with = @{ Rule = @{ fault = @{ burn = $true } } } }
        @{ told = 'sometimes'; with = @{ Clock = 'sometimes' } }
    ) {
        { New-SimTenant @with } | Should -Throw "*$told*"
    }

    It 'leaves no tenant that could not be set up' {
        { New-SimTenant -Name half -Rule @{ fault = @{ burn = $true } } } | Should -Throw -ErrorId 'CallRefused*'
        (New-SimTenant -Name half).Name | Should -Be half
    }
}

Describe 'what a test does to a tenant' {
    It 'says what a command that is given no tenant expects: <found>' -ForEach @(
        @{ found = '"mine"'; given = 'mine' }
        @{ found = 'a list of 2'; given = 1, 2 }
        @{ found = '*'; given = @{ BaseUrl = '' } }
    ) {
        foreach ($command in { Get-SimJournal $given }, { Step-SimClock $given 1s }, { Assert-SimVerification $given -Status 200 }, { Remove-SimTenant $given }) {
            $command | Should -Throw "-Tenant is $found; expected the tenant that New-SimTenant returns" -ErrorId 'SimulatorError*'
        }
        { Remove-SimTenant ([pscustomobject]@{ BaseUrl = 'http://127.0.0.1:4580' }) } | Should -Throw '-Tenant is "@{*"; expected the tenant that New-SimTenant returns'
    }

    It 'moves its time by words, seconds and TimeSpans' {
        $tenant = New-SimTenant -Clock @{ mode = 'manual'; now = '2030-01-01T00:00:00Z' }
        Step-SimClock $tenant 13m
        Step-SimClock $tenant 1.5
        Step-SimClock $tenant 1s
        Step-SimClock $tenant ([TimeSpan]::FromMilliseconds(500))
        (Invoke-SimControl $tenant Get clock -Raw) | Should -BeLike '*2030-01-01T00:13:03*'
        Set-SimClock $tenant -Now 2031-01-01T00:00:00Z
        (Invoke-SimControl $tenant Get clock -Raw) | Should -BeLike '*2031-01-01T00:00:00*'
    }

    It 'adds and ends what goes wrong' {
        $tenant = New-SimTenant
        Add-SimRule $tenant $broken
        (Get-Group $tenant).Status | Should -Be 503
        @(Get-SimJournal $tenant -Rule rules/broken -Status 503 -Limit 5).Count | Should -Be 1
        Use-SimScenario $tenant
        (Get-Group $tenant).Status | Should -Be 200
        Get-SimJournal $tenant -Har | Should -BeLike '*"entries"*'
    }

    It 'begins anew as it began, and only by a reset of its own: <kind>' -ForEach @(
        @{ kind = 'rules'; with = { @{ Rule = $broken, @{ when = @{ operation = 'getPasswordSyncGroups' }; fault = @{ respond = @{ status = 500 } } } } } }
        @{ kind = 'a file'; with = { @{ Scenario = Set-File again.yaml "name: mine`nrules:`n  - when: {operation: getPasswordSyncGroups}`n    fault: {respond: {status: 503}}`n" } } }
    ) {
        $given = & $with
        $tenant = New-SimTenant @given -Clock @{ mode = 'manual'; now = '2030-01-01T00:00:00Z' }
        $before = Invoke-SimControl $tenant Get scenario -Raw
        Use-SimScenario $tenant
        Step-SimClock $tenant 13m
        Set-SimClock $tenant auto
        (Get-Group $tenant).Status | Should -Be 200
        Reset-SimTenant $tenant
        @(Get-SimJournal $tenant).Count | Should -Be 0
        Invoke-SimControl $tenant Get scenario -Raw | Should -Be $before
        (Invoke-SimControl $tenant Get clock -Raw) | Should -BeLike '*manual*2030-01-01T00:00:00*'
        (Get-Group $tenant).Status | Should -Be 503
        $null = Invoke-SimControl $tenant Post reset
        (Get-Group $tenant).Status | Should -Be 200
        $tenant | Reset-SimTenant
        (Get-Group $tenant).Status | Should -Be 503
    }

    It 'verifies by parts and by a whole, and tells what came nearest' {
        $tenant = New-SimTenant
        { Assert-SimVerification $tenant -Match @{ operation = 'token' } } | Should -Throw '*no exchange at all*' -ErrorId 'VerificationFailed*'
        $null = Get-Group $tenant
        Assert-SimVerification $tenant -Match @{ operation = 'token' } -Status 200 -Count @{ exactly = 1 } -Then @{ match = @{ operation = 'getPasswordSyncGroups' } }
        Assert-SimVerification $tenant ([ordered]@{ match = @{ operation = 'token' } }) -Count @{ atMost = 1 }
        { Assert-SimVerification $tenant @{ match = @{ operation = 'token' }; status = 429 } } | Should -Throw '*POST*oauth/token 200: status is 200, not 429*'
    }
}

Describe 'Use-SimTenant' {
    It 'gives a test a tenant, which is gone afterwards' {
        $seen = Use-SimTenant -With @{ Clock = 'manual' } { param($tenant)
            (Get-SimClock $tenant).mode | Should -Be manual
            $tenant
        }
        { Get-SimClock $seen } | Should -Throw -ErrorId 'CallRefused*'
    }

    It 'tells and keeps what the client did in a test that failed' {
        $env:SYNC_GROUP_SIM_JOURNALS = Join-Path $TestDrive 'kept'
        try {
            $said = & {
                try {
                    Use-SimTenant -With @{ Rule = $broken } { param($tenant)
                        $null = Get-Group $tenant
                        Assert-SimVerification $tenant -Match @{ operation = 'getPasswordSyncGroups' } -Status 200
                    }
                } catch { "failed: $_" }
            } 6>&1 | Out-String
        } finally {
            $env:SYNC_GROUP_SIM_JOURNALS = $null
        }
        $said | Should -BeLike '*what the client did (sync-group-sim)*503*fault rules/broken*SYNC_GROUP_SIM_SEED=*failed: *status is 503, not 200*'
        (Get-ChildItem (Join-Path $TestDrive 'kept')).Extension | Sort-Object | Should -Be '.har', '.json'
        Get-Content (Join-Path $TestDrive 'kept/*.json') -Raw | Should -BeLike '*"exchanges"*'
    }
}

Describe 'what the client did in a test that failed' {
    It 'is told where it cannot be kept' {
        $file = Join-Path $TestDrive 'a file'
        $null = New-Item $file
        $env:SYNC_GROUP_SIM_JOURNALS = $file
        try {
            $said = & { try { Use-SimTenant { param($tenant) $null = Get-Group $tenant; throw 'it failed' } } catch { "failed: $_" } } 6>&1 | Out-String
        } finally {
            $env:SYNC_GROUP_SIM_JOURNALS = $null
        }
        $said | Should -BeLike "*/v2024/password-sync-groups*it could not be kept: $file cannot be written; -Folder and SYNC_GROUP_SIM_JOURNALS name another folder*failed: it failed*"
    }

    It 'is told as the program writes it' {
        $said = & {
            try {
                Use-SimTenant { param($tenant)
                    $group = @{ name = 'Staff'; passwordPolicyId = '2c91808d744ba0ce01746f93b6204501'
                        sourceIds = '2c918084660f45d6016617daa9210584', '2c918084660f45d6016617daa9210500' } | ConvertTo-Json
                    $token = Get-Token $tenant
                    foreach ($time in 1, 2) { $null = Invoke-Service $tenant POST /v2024/password-sync-groups $group -Token $token }
                    $null = Save-SimJournal $tenant (Join-Path $TestDrive 'kept')
                    throw 'it failed'
                }
            } catch { $null = $_ }
        } 6>&1 | Out-String
        # The second, with its long refusal cut.
        $said | Should -BeLike "*POST*400*is already in password sync group*$([char] 0x2026)*"
    }
}

Describe 'the module' {
    It 'explains each of its commands, with an example' {
        foreach ($command in Get-Command -Module SyncGroupSim) {
            $help = Get-Help $command.Name -Full
            $help.Synopsis | Should -Not -BeLike "*$($command.Name)*" -Because "$command has a synopsis"
            $help.examples | Should -Not -BeNullOrEmpty -Because "$command has an example"
            # -WhatIf and -Confirm are PowerShell's own.
            $own = [System.Management.Automation.PSCmdlet]::OptionalCommonParameters
            foreach ($parameter in $help.parameters.parameter | Where-Object { $own -notcontains $_.name }) {
                $parameter.PSObject.Properties['description'] | Should -Not -BeNullOrEmpty -Because "$command explains -$($parameter.name)"
            }
        }
    }

    It 'exports what its manifest says, by approved verbs' {
        $manifest = Import-PowerShellDataFile (Join-Path (Split-Path $PSScriptRoot) 'SyncGroupSim/SyncGroupSim.psd1')
        (Get-Command -Module SyncGroupSim).Name | Sort-Object | Should -Be ($manifest.FunctionsToExport | Sort-Object)
        $verbs = (Get-Verb).Verb
        foreach ($command in Get-Command -Module SyncGroupSim) { $verbs | Should -Contain $command.Verb }
    }
}
