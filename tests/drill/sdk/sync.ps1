# A script of the ordinary kind with the vendor's PowerShell module, for the drill: reads all groups page by page, creates
# one, reads and renames it, and deletes another. What goes wrong ends it. -Module is the folder PSSailpoint of a release;
# of it only what this script needs is imported.
param([string] $Module)
$ErrorActionPreference = 'Stop'

New-Module PSSailpoint {
    . "$Module/Configuration.ps1"
    . "$Module/Pagination.ps1"
} | Import-Module -DisableNameChecking
$has_versions = Test-Path "$Module/v2024"
if ($has_versions) {
    # What its own .psm1 does, for these files alone: all of v2024 takes a quarter of a minute of CPU.
    New-Module PSSailpoint.V2024 -ArgumentList "$Module/v2024/src/PSSailpoint.V2024" {
        param($Folder)
        $ErrorActionPreference = 'Stop'
        $Script:Configuration = @{}
        $Script:CmdletBindingParameters = @('Verbose', 'Debug', 'ErrorAction', 'WarningAction', 'InformationAction',
            'ErrorVariable', 'WarningVariable', 'InformationVariable', 'OutVariable', 'OutBuffer', 'PipelineVariable')
        foreach ($file in Get-Item "$Folder/Private/*.ps1", "$Folder/Client/*.ps1", "$Folder/*/*PasswordSyncGroup*.ps1") {
            . $file.FullName
        }
        Export-ModuleMember -Function *
    } | Import-Module -DisableNameChecking
} else {
    Import-Module (Get-Item "$Module/password-sync-groups/src/*/*.psd1").FullName -DisableNameChecking
}
function Invoke-Sdk([string] $Verb, [string] $Noun, [hashtable] $Parameters = @{}) {
    $name = $has_versions ? "$Verb-V2024$Noun" : "$Verb-${Noun}V1"
    & $name @Parameters
}

$groups = @()
while ($page = @(Invoke-Sdk Get PasswordSyncGroups @{ Limit = 2; Offset = $groups.Count })) { $groups += $page }

$sales = [pscustomobject]@{
    name             = 'Sales'
    passwordPolicyId = '2c91808d744ba0ce01746f93b6204501'
    sourceIds        = '2c918084660f45d6016617daa9210584', '2c918084660f45d6016617daa9210500'
}
$made = Invoke-Sdk New PasswordSyncGroup @{ PasswordSyncGroup = $sales }
$group = Invoke-Sdk Get PasswordSyncGroup @{ Id = $made.id }
$sales.name = 'Sales and marketing'
$null = Invoke-Sdk Update PasswordSyncGroup @{ Id = $group.id; PasswordSyncGroup = $sales }
$old = $groups | Where-Object name -EQ 'Research accounts'
$null = Invoke-Sdk Remove PasswordSyncGroup @{ Id = $old.id }
"$($groups.Count) groups read, one made, one renamed, one deleted"
