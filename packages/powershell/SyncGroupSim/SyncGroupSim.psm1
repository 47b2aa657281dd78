# Gives each test a tenant of its own in sync-group-sim. What is exported is in SyncGroupSim.psd1; each file beside this one
# has one job. Everything here also runs in Windows PowerShell 5.1, which a test holds.

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$script:Version = (Import-PowerShellDataFile -LiteralPath (Join-Path $PSScriptRoot 'SyncGroupSim.psd1')).ModuleVersion
$script:Variable = 'SYNC_GROUP_SIM_BIN'
# The servers that run, by their base URL.
$script:Servers = [ordered]@{}

. (Join-Path $PSScriptRoot 'Errors.ps1')
. (Join-Path $PSScriptRoot 'Program.ps1')
. (Join-Path $PSScriptRoot 'File.ps1')
. (Join-Path $PSScriptRoot 'Control.ps1')
. (Join-Path $PSScriptRoot 'Server.ps1')
. (Join-Path $PSScriptRoot 'Beginning.ps1')
. (Join-Path $PSScriptRoot 'Tenant.ps1')
. (Join-Path $PSScriptRoot 'Clock.ps1')
. (Join-Path $PSScriptRoot 'Journal.ps1')

# What a tenant shows of itself; its other members are there all the same.
Update-TypeData -TypeName SyncGroupSim.Tenant -DefaultDisplayPropertySet Name, BaseUrl, ClientId, ClientSecret, Seed -Force

$ExecutionContext.SessionState.Module.OnRemove = { foreach ($url in @($script:Servers.Keys)) { Stop-Server $url } }
