# Every file of the module and of its tests also runs in Windows PowerShell 5.1, as far as PowerShell's own parser and lists
# of what only 7 has can tell; and the lists find samples of each.

BeforeDiscovery {
    $root = Split-Path $PSScriptRoot
    $files = Get-ChildItem $root -Recurse -File -Include *.ps1, *.psm1, *.psd1 | ForEach-Object {
        @{ Name = $_.FullName.Substring($root.Length + 1); Path = $_.FullName }
    }
    $newer = @(
        '$a ? 1 : 2'
        '$a ?? 1'
        '$a ??= 1'
        '${a}?.Name'
        '${a}?[0]'
        'Get-Item a && Get-Item b'
        'Get-Item a || Get-Item b'
        'Get-Item a &'
        '0b1010'
        '10uy'
        '1n'
        "'a'..'f'"
        '"`e[0m"'
        '"`u{1F600}"'
        "Get-Item a`n| Sort-Object"
        "Get-Item a`n# a comment`n| Sort-Object"
        'function f { clean { 1 } }'
        "#Requires -Version 7.0`n1"
        '1..3 | ForEach-Object -Parallel { $_ }'
        '1..3 | % -Parallel { $_ }'
        'Invoke-RestMethod http://127.0.0.1 -SkipHttpErrorCheck'
        'irm http://127.0.0.1 -SkipHttp'
        'Invoke-WebRequest http://127.0.0.1 -NoProxy'
        'iwr http://127.0.0.1 -Form @{}'
        'Get-Content a -AsByteStream'
        'Microsoft.PowerShell.Management\Get-Content a -AsByteStream'
        "ConvertFrom-Json '{}' -AsHashtable"
        'ConvertTo-Json @(1) -AsArray'
        'Join-Path a b c'
        'Join-Path -Path a -ChildPath b -AdditionalChildPath c'
        'Join-Path -Path a b c'
        'Split-Path a.b -LeafBase'
        "Test-Json '{}'"
        'Get-Error'
        "1..3 | Join-String"
        'Start-ThreadJob { 1 }'
        'if ($IsWindows) { 1 }'
        '$PSStyle.Reset'
        "Set-Content a b -Encoding utf8NoBOM"
        'Sort-Object -Top 3'
        "Select-String a b -Raw"
        'Where-Object -Not Name'
        'Start-Sleep -Duration 1'
        'Get-Date -AsUTC'
        'Get-ChildItem -FollowSymlink'
        'Import-Module a -UseWindowsPowerShell'
        'Start-Process a -Environment @{}'
        '$start.ArgumentList.Add("a")'
        '$process.Kill($true)'
        '[IO.Path]::Join("a", "b")'
        '[OperatingSystem]::IsWindows()'
        '[Convert]::ToHexString($bytes)'
        "'$([char] 0xfc)ber'"
        'if ($a {'
    ) | ForEach-Object { @{ Text = $_ } }
    $older = @(
        'if ($a) { 1 } else { 2 }'
        '$a = if ($b) { 1 }'
        'Get-Item a | Sort-Object'
        "Get-Item a |`n    Sort-Object"
        "'a ?? b && c'"
        '"`n``e"'
        '0x1f + 1kb + 1.5 + 3d + 4l'
        '1..3 | ForEach-Object { $_ }'
        'Invoke-RestMethod http://127.0.0.1 -UseBasicParsing -Proxy http://127.0.0.1 -Method Post'
        'Join-Path (Join-Path a b) c'
        'Join-Path -Path a -ChildPath b -Resolve'
        'if ($PSEdition -eq "Core" -and $IsWindows) { 1 }'
        '$PSVersionTable.PSVersion -ge [version] "6.0" -and $IsLinux'
        'Set-Content a b -Encoding UTF8'
        '$process.Kill()'
        '[string]::Join(",", $a)'
        'Where-Object Name -NotLike b'
        'Sort-Object -Property Top'
        "#Requires -Version 5.1`n1"
        'class Thing { [string] $Name }'
    ) | ForEach-Object { @{ Text = $_ } }
}

BeforeAll {
    Set-StrictMode -Version Latest
    Import-Module (Join-Path $PSScriptRoot 'WindowsPowerShell.psm1') -Force
}

Describe 'Windows PowerShell 5.1' {
    It 'reads <Name>' -ForEach $files {
        Find-NewerPowerShell ([System.IO.File]::ReadAllText($Path)) | Should -BeNullOrEmpty
    }

    It 'does not read: <Text>' -ForEach $newer {
        Find-NewerPowerShell $Text | Should -Not -BeNullOrEmpty
    }

    It 'reads: <Text>' -ForEach $older {
        Find-NewerPowerShell $Text | Should -BeNullOrEmpty
    }

    It 'finds more than ten files to read' -ForEach @(@{ Files = $files }) {
        $Files.Count | Should -BeGreaterThan 10
    }
}
