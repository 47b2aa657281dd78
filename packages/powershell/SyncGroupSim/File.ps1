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

# What is in it, to be put into a body of JSON, where it stands in a name's place: names have no line breaks.
function Get-FileText($File) {
    $strict = New-Object System.Text.UTF8Encoding -ArgumentList $false, $true
    try {
        [System.IO.File]::ReadAllText($File.Full, $strict) + "`n"
    } catch [System.Text.DecoderFallbackException] {
        throw (New-Unreadable $File 'neither UTF-8 nor UTF-16')
    }
}

# The JSON in it, beside other scenarios.
function ConvertFrom-File($File) {
    $text = Get-FileText $File
    try { ConvertFrom-Json $text } catch { throw (New-Unreadable $File 'not JSON') }
}

function New-Unreadable($File, [string] $Why) {
    New-SimError SimulatorError "$($File.Path): $Why; ``sync-group-sim check $($File.Path)`` says what is wrong with it"
}

# The server's words about it, with its own name instead of what the server calls it.
function Get-NamedWord($File, [string] $Words, [string] $Called) {
    @($Words -split "`n" | ForEach-Object {
            if ($_.StartsWith("${Called}:")) { $File.Path + $_.Substring($Called.Length) } else { $_ }
        }) -join "`n"
}
