# What a tenant begins with, from the words of PowerShell into those of `POST /_sim/tenants`.

# The body that creates a tenant, the scenario file that it gets afterwards, if there is one, its rules, its clock.
function New-Beginning([System.Collections.IDictionary] $Given) {
    $beginning = @{ Body = @{}; File = $null; Rules = @(); Clock = $null }
    foreach ($name in $Given.Keys) {
        switch ($name) {
            Scenario { Add-Scenario $beginning $Given[$name] }
            Rule { $beginning.Rules = @($Given[$name]) }
            Fixture { $beginning.Body.fixture = Read-Fixture $Given[$name] }
            Clock { $beginning.Clock = ConvertTo-ClockSetting $Given[$name] }
            # The control API calls the others as PowerShell does, but for the first letter.
            default { $beginning.Body[$name.Substring(0, 1).ToLowerInvariant() + $name.Substring(1)] = $Given[$name] }
        }
    }
    $beginning
}

function Add-Scenario([hashtable] $Beginning, [object[]] $Scenarios) {
    $listed = New-Object System.Collections.ArrayList
    foreach ($scenario in $Scenarios) {
        if (-not (Test-IsFile $scenario '\.(ya?ml|json)$')) {
            $null = $listed.Add($scenario)
        } elseif ($Scenarios.Count -eq 1) {
            $Beginning.File = Read-File $scenario
        } elseif (Test-IsFile $scenario '\.json$') {
            $null = $listed.Add((ConvertFrom-File (Read-File $scenario)))
        } else {
            throw (New-SimError SimulatorError 'a scenario in a YAML file stands alone; expected one file, or names and JSON files')
        }
    }
    $Beginning.Body.scenarios = $listed.ToArray()
}

function Read-Fixture($Fixture) {
    if (Test-IsFile $Fixture '\.(ya?ml|json)$') { Read-File $Fixture } else { $Fixture }
}

# A file rather than the name of something built in: names have no endings.
function Test-IsFile($Value, [string] $Ending) {
    "$Value" -match $Ending -and ($Value -is [string] -or $Value -is [System.IO.FileInfo])
}

# The clock's mode, or mode and time.
function ConvertTo-ClockSetting($Clock) {
    if ($Clock -is [string]) { @{ mode = $Clock } } else { $Clock }
}
