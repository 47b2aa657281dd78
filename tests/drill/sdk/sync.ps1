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
$part = $has_versions ? 'v2024' : 'password-sync-groups'
Import-Module (Get-Item "$Module/$part/src/*/*.psd1").FullName -DisableNameChecking
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
