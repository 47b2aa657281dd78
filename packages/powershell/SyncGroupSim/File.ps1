# Scenario and fixture files of the user's. The server reads them as they stand, so that it takes what the program takes (byte
# order marks, UTF-16) and says in its own words what is wrong, and where. PowerShell would also make other texts of times.

# A file that was read.
function Read-File($Path) {
    # As text, one that was listed is its name alone in Windows PowerShell.
    $named = if ($Path -is [System.IO.FileInfo]) { $Path.FullName } else { "$Path" }
    $full = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($named)
    if (-not [System.IO.File]::Exists($full)) { throw (New-SimError SimulatorError "${named}: no such file") }
    [pscustomobject]@{
        PSTypeName = 'SyncGroupSim.File'
        Path       = $named
        Full       = $full
        MediaType  = if ($named -match '\.json$') { 'application/json' } else { 'application/yaml' }
    }
}

function Test-IsRead($Value) {
    $null -ne $Value -and $Value.PSObject.TypeNames -contains 'SyncGroupSim.File'
}

# The JSON in it, beside other scenarios.
function ConvertFrom-File($File) {
    try {
        ConvertFrom-Json ([System.IO.File]::ReadAllText($File.Full))
    } catch {
        throw (New-SimError SimulatorError "$($File.Path): not JSON; ``sync-group-sim check $($File.Path)`` says what is wrong with it")
    }
}

# The server's words about it, with its own name. So many characters stand before it in the body's first line.
function Get-NamedWord($File, [string] $Words, [int] $Before) {
    [regex]::Replace($Words, '(?m)^body:(?:1:(\d+)(?=:))?', [System.Text.RegularExpressions.MatchEvaluator] {
            param($found)
            if ($found.Groups[1].Success) { "$($File.Path):1:$([int] $found.Groups[1].Value - $Before)" } else { "$($File.Path):" }
        })
}
