# Finds what Windows PowerShell 5.1 cannot run: syntax, commands, parameters, variables and members that only PowerShell 7
# has. PowerShell's own parser reads the text; the lists are of what scripts like ours might use.

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# Commands that came after 5.1.
$script:Commands = 'Test-Json', 'ConvertFrom-Markdown', 'Show-Markdown', 'Get-MarkdownOption', 'Set-MarkdownOption', 'Get-Error',
'Get-Uptime', 'Remove-Service', 'Join-String', 'Switch-Process', 'Remove-Alias', 'Get-SecureRandom', 'ConvertTo-CliXml',
'ConvertFrom-CliXml', 'Enable-ExperimentalFeature', 'Disable-ExperimentalFeature', 'Get-ExperimentalFeature', 'Start-ThreadJob',
'Get-PSSubsystem', 'Install-PSResource', 'Find-PSResource', 'Publish-PSResource', 'Get-PSResource'

# Parameters that came after 5.1, by command.
$web = 'SkipHttpErrorCheck', 'StatusCodeVariable', 'ResponseHeadersVariable', 'SkipCertificateCheck', 'SkipHeaderValidation',
'Authentication', 'Token', 'AllowUnencryptedAuthentication', 'Form', 'Resume', 'NoProxy', 'MaximumRetryCount', 'RetryIntervalSec',
'CustomMethod', 'SslProtocol', 'PreserveAuthorizationOnRedirect', 'PreserveHttpMethodOnRedirect', 'AllowInsecureRedirect',
'HttpVersion', 'ConnectionTimeoutSeconds', 'OperationTimeoutSeconds', 'UnixSocket', 'FollowRelLink', 'MaximumFollowRelLink', 'PipelineWriteFrom'
$csv = 'QuoteFields', 'UseQuotes', 'IncludeTypeInformation', 'NoHeader'
$script:Parameters = @{
    'Invoke-RestMethod'       = $web
    'Invoke-WebRequest'       = $web
    'Get-Content'             = @('AsByteStream')
    'Set-Content'             = @('AsByteStream')
    'Add-Content'             = @('AsByteStream')
    'ConvertFrom-Json'        = 'AsHashtable', 'Depth', 'NoEnumerate', 'DateKind'
    'ConvertTo-Json'          = 'AsArray', 'EnumsAsStrings', 'EscapeHandling'
    'Join-Path'               = 'AdditionalChildPath', 'Extension'
    'Split-Path'              = 'Extension', 'LeafBase'
    'Resolve-Path'            = 'RelativeBasePath', 'Force'
    'ForEach-Object'          = 'Parallel', 'ThrottleLimit', 'TimeoutSeconds', 'AsJob', 'UseNewRunspace'
    'Where-Object'            = @('Not')
    'Sort-Object'             = 'Top', 'Bottom', 'Stable'
    'Select-Object'           = @('CaseInsensitive')
    'Get-Unique'              = @('CaseInsensitive')
    'Select-String'           = 'Raw', 'NoEmphasis', 'Culture'
    'Measure-Object'          = 'AllStats', 'StandardDeviation'
    'Get-ChildItem'           = @('FollowSymlink')
    'Export-Csv'              = $csv
    'ConvertTo-Csv'           = $csv
    'Start-Sleep'             = @('Duration')
    'Start-Process'           = @('Environment')
    'Start-Job'               = @('WorkingDirectory')
    'Get-Date'                = 'AsUTC', 'UnixTimeSeconds'
    'Get-Random'              = @('Shuffle')
    'New-Guid'                = 'Empty', 'InputObject'
    'Read-Host'               = @('MaskInput')
    'Set-Clipboard'           = @('AsOSC52')
    'ConvertFrom-SecureString' = @('AsPlainText')
    'Import-Module'           = 'SkipEditionCheck', 'UseWindowsPowerShell'
    'Get-Module'              = @('SkipEditionCheck')
    'Get-Command'             = 'UseFuzzyMatching', 'FuzzyMinimumDistance', 'UseAbbreviationExpansion'
    'Get-Verb'                = @('Group')
    'Invoke-Command'          = 'HostName', 'UserName', 'KeyFilePath', 'SSHConnection', 'SSHTransport'
    'Enter-PSSession'         = 'HostName', 'UserName', 'KeyFilePath', 'SSHTransport'
    'New-PSSession'           = 'HostName', 'UserName', 'KeyFilePath', 'SSHConnection', 'UseWindowsPowerShell'
    'Test-Connection'         = 'TargetName', 'Ping', 'Traceroute', 'TcpPort', 'MtuSize', 'IPv4', 'IPv6', 'ResolveDestination'
    'Out-String'              = @('NoNewline')
    'Format-Hex'              = 'Count', 'Offset'
    'Set-Service'             = @('SecurityDescriptorSddl')
}

# Short names, where this system may lack them.
$script:Aliases = @{
    irm = 'Invoke-RestMethod'; iwr = 'Invoke-WebRequest'; curl = 'Invoke-WebRequest'; wget = 'Invoke-WebRequest'
    gc = 'Get-Content'; cat = 'Get-Content'; type = 'Get-Content'; sc = 'Set-Content'; ac = 'Add-Content'
    foreach = 'ForEach-Object'; '%' = 'ForEach-Object'; where = 'Where-Object'; '?' = 'Where-Object'
    sort = 'Sort-Object'; select = 'Select-Object'; sls = 'Select-String'; measure = 'Measure-Object'
    gci = 'Get-ChildItem'; dir = 'Get-ChildItem'; ls = 'Get-ChildItem'; sleep = 'Start-Sleep'; start = 'Start-Process'; saps = 'Start-Process'
    ipmo = 'Import-Module'; gmo = 'Get-Module'; gcm = 'Get-Command'; icm = 'Invoke-Command'; rvpa = 'Resolve-Path'; epcsv = 'Export-Csv'
}

# Variables that 5.1 does not set: with strict mode, asking for one is an error.
$script:Variables = 'IsWindows', 'IsLinux', 'IsMacOS', 'IsCoreCLR', 'PSStyle', 'PSNativeCommandUseErrorActionPreference', 'PSNativeCommandArgumentPassing'

# Members that .NET Framework lacks.
$script:Members = 'ArgumentList', 'ToHexString', 'FromHexString', 'ImportSubjectPublicKeyInfo', 'ImportPkcs8PrivateKey', 'ImportFromPem',
'GetRelativePath', 'IsPathFullyQualified', 'WaitForExitAsync', 'ReadAllTextAsync', 'ReadAllBytesAsync', 'WriteAllTextAsync',
'ReadAsStream', 'HashData', 'GetInt32', 'Shared', 'ProcessPath', 'TickCount64', 'ProcessId', 'TryParseExactAsync', 'CreateTempSubdirectory'

# Encodings that came after 5.1.
$script:Encodings = 'utf8NoBOM', 'utf8BOM', 'ansi', 'bigendianutf32'

function Find-NewerPowerShell {
    <#
    .SYNOPSIS
    Says, a line each, what in a script Windows PowerShell 5.1 cannot run.
    .EXAMPLE
    Find-NewerPowerShell '$a ?? 1'
    #>
    param([Parameter(Mandatory)] [AllowEmptyString()] [string] $Text)
    $tokens = $errors = $null
    $tree = [System.Management.Automation.Language.Parser]::ParseInput($Text, [ref] $tokens, [ref] $errors)
    foreach ($wrong in $errors) { "line $($wrong.Extent.StartLineNumber): $($wrong.Message)" }
    foreach ($node in $tree.FindAll($script:IsLookedAt, $true)) {
        foreach ($found in Find-InNode $node) { "line $($node.Extent.StartLineNumber): $found" }
    }
    Find-InToken $tokens
    $bad = [regex]::Match($Text, '[^\x00-\x7f]')
    if ($bad.Success) { "a character that is not ASCII ($($bad.Value)), which 5.1 reads by the system's code page" }
}

# Most nodes of a syntax tree are names and words, which are passed over here.
$script:IsLookedAt = {
    param($node)
    switch ($node.GetType().Name) {
        VariableExpressionAst { return $script:Variables -contains $node.VariablePath.UserPath }
        StringConstantExpressionAst { return "$($node.StringConstantType)" -like 'DoubleQuoted*' }
        ConstantExpressionAst { return $node.Extent.Text -notmatch '^\d+$' }
    }
    return $script:Kinds -contains $node.GetType().Name
}
$script:Kinds = 'TernaryExpressionAst', 'PipelineChainAst', 'PipelineAst', 'BinaryExpressionAst', 'AssignmentStatementAst',
'MemberExpressionAst', 'InvokeMemberExpressionAst', 'IndexExpressionAst', 'ExpandableStringExpressionAst', 'CommandAst', 'ScriptBlockAst'

# What one node of the syntax tree has; names of types, so that 5.1 itself can read this file.
function Find-InNode($Node) {
    switch ($Node.GetType().Name) {
        TernaryExpressionAst { 'the operator ? :' }
        PipelineChainAst { "the operator $(if ("$($Node.Operator)" -eq 'AndAnd') { '&&' } else { '||' })" }
        PipelineAst { if ($Node.Background) { 'a pipeline in the background (&)' } }
        BinaryExpressionAst { Find-InBinary $Node }
        AssignmentStatementAst { if ("$($Node.Operator)" -eq 'QuestionQuestionEquals') { 'the operator ??=' } }
        { $_ -in 'MemberExpressionAst', 'InvokeMemberExpressionAst', 'IndexExpressionAst' } { Find-InMember $Node }
        # As an argument it is text in 5.1, and where text is wanted in 7, too.
        ConstantExpressionAst { if ($Node.Parent.GetType().Name -ne 'CommandAst' -and $Node.Extent.Text -match '^[-+]?0b|^[-+]?[\d.]+(e\d+)?(uy|us|ul|u|y|s|n)(kb|mb|gb)?$') { "the number $($Node.Extent.Text)" } }
        { $_ -in 'StringConstantExpressionAst', 'ExpandableStringExpressionAst' } {
            if ("$($Node.StringConstantType)" -like 'DoubleQuoted*' -and $Node.Extent.Text -match '(?<!`)(``)*`(e|u\{)') { 'the escape `e or `u{}' }
        }
        VariableExpressionAst { Find-InVariable $Node }
        CommandAst { Find-InCommand $Node }
        ScriptBlockAst {
            if ($Node.PSObject.Properties['CleanBlock'] -and $Node.CleanBlock) { 'the block clean {}' }
            $wanted = if ($Node.ScriptRequirements) { $Node.ScriptRequirements.RequiredPSVersion }
            if ($wanted -and $wanted -gt [version] '5.1') { "#Requires -Version $wanted" }
        }
    }
}

function Find-InBinary($Node) {
    if ("$($Node.Operator)" -eq 'QuestionQuestion') { 'the operator ??' }
    if ("$($Node.Operator)" -eq 'DotDot' -and $Node.Left.GetType().Name -eq 'StringConstantExpressionAst' -and $Node.Left.Value -notmatch '^\d+$') {
        'a range of characters'
    }
}

function Find-InMember($Node) {
    if ($Node.PSObject.Properties['NullConditional'] -and $Node.NullConditional) { 'the operator ?. or ?[]' }
    if (-not $Node.PSObject.Properties['Member']) { return }
    $name = "$($Node.Member)".Trim('"', "'")
    if ($script:Members -contains $name) { ".NET's member $name" }
    $isCall = $Node.GetType().Name -eq 'InvokeMemberExpressionAst'
    if ($isCall -and $name -eq 'Kill' -and $Node.Arguments) { ".NET's Kill with an argument" }
    if ($isCall -and $name -eq 'Join' -and "$($Node.Expression)" -match '^\[(System\.)?IO\.Path\]$') { ".NET's member Path.Join" }
    if ($isCall -and $Node.Static -and "$($Node.Expression)" -match '^\[(System\.)?OperatingSystem\]$') { ".NET's OperatingSystem.$name" }
}

# A variable is there after a look at the edition.
function Find-InVariable($Node) {
    $name = $Node.VariablePath.UserPath
    if ($script:Variables -notcontains $name) { return }
    for ($around = $Node.Parent; $around; $around = $around.Parent) {
        if ($around.GetType().Name -in 'BinaryExpressionAst', 'IfStatementAst' -and $around.Extent.Text -match '\$PS(Edition|VersionTable)\b') { return }
    }
    "the variable `$$name"
}

function Find-InCommand($Node) {
    $name = $Node.GetCommandName()
    if (-not $name) { return }
    $name = $name -replace '^.*\\', ''
    if ($script:Aliases.ContainsKey($name)) { $name = $script:Aliases[$name] }
    if ($script:Commands -contains $name) { "the command $name" }
    $newer = if ($script:Parameters.ContainsKey($name)) { $script:Parameters[$name] } else { @() }
    foreach ($element in $Node.CommandElements) {
        if ($element.GetType().Name -ne 'CommandParameterAst') { continue }
        $given = $element.ParameterName
        # Five letters tell it from a parameter that 5.1 has.
        $found = @($newer | Where-Object { $_ -eq $given -or ($given.Length -ge 5 -and $_ -like "$given*") })
        if ($found) { "$name -$($found[0])" }
    }
    if ($name -eq 'Join-Path') { Find-InJoinPath $Node }
    Find-InEncoding $Node
}

# Two places: the folder, and one name below it.
function Find-InJoinPath($Node) {
    $places = 0
    $elements = @($Node.CommandElements | Select-Object -Skip 1)
    for ($index = 0; $index -lt $elements.Count; $index++) {
        $element = $elements[$index]
        if ($element.GetType().Name -ne 'CommandParameterAst') { $places++; continue }
        if ('Resolve' -like "$($element.ParameterName)*" -or $element.Argument) { continue }
        if ('Path', 'ChildPath' | Where-Object { $_ -like "$($element.ParameterName)*" }) { $places++ }
        $index++
    }
    if ($places -gt 2) { 'Join-Path with more than two places' }
}

function Find-InEncoding($Node) {
    $elements = @($Node.CommandElements)
    for ($index = 0; $index -lt $elements.Count - 1; $index++) {
        $isEncoding = $elements[$index].GetType().Name -eq 'CommandParameterAst' -and $elements[$index].ParameterName -eq 'Encoding'
        if ($isEncoding -and $script:Encodings -contains "$($elements[$index + 1])".Trim('"', "'")) { "the encoding $($elements[$index + 1])" }
    }
}

# A pipe at the start of a line goes on with the line before only in 7.
function Find-InToken($Tokens) {
    $before = $null
    foreach ($token in $Tokens) {
        if ("$($token.Kind)" -eq 'Pipe' -and $before -and "$($before.Kind)" -in 'NewLine', 'Comment') {
            "line $($token.Extent.StartLineNumber): a pipe at the start of a line"
        }
        if ("$($token.Kind)" -ne 'LineContinuation') { $before = $token }
    }
}

Export-ModuleMember -Function Find-NewerPowerShell
