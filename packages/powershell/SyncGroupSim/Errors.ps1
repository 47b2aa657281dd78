# What can go wrong, each with a message for whoever runs the tests.

# An error: SimulatorError, CallRefused or VerificationFailed, which Pester and a catch block see as its id. Status is that
# of a control call that was refused.
function New-SimError([string] $Id, [string] $Message, [int] $Status = 0) {
    $exception = New-Object System.InvalidOperationException -ArgumentList $Message
    $exception.Data['Status'] = $Status
    $category = [System.Management.Automation.ErrorCategory]::InvalidResult
    New-Object System.Management.Automation.ErrorRecord -ArgumentList $exception, $Id, $category, $null
}
