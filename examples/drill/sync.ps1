# Sees to it that there is a group “Sales”. Tries three times, as many programs do: the drill finds fault with that.
$ErrorActionPreference = 'Stop'
$retry = @{ MaximumRetryCount = 2; RetryIntervalSec = 1; TimeoutSec = 10 }

$form = @{
    grant_type    = 'client_credentials'
    client_id     = $env:SAIL_CLIENT_ID
    client_secret = $env:SAIL_CLIENT_SECRET
}
$token = (Invoke-RestMethod "$env:SAIL_BASE_URL/oauth/token" -Method Post -Body $form @retry).access_token
$headers = @{ Authorization = "Bearer $token" }
$sales = @{
    name             = 'Sales'
    passwordPolicyId = '2c91808d744ba0ce01746f93b6204501'
    sourceIds        = '2c918084660f45d6016617daa9210584', '2c918084660f45d6016617daa9210500'
}
$groups = Invoke-RestMethod "$env:SAIL_BASE_URL/v2024/password-sync-groups" -Headers $headers @retry
if ('Sales' -notin $groups.name) {
    $null = Invoke-RestMethod "$env:SAIL_BASE_URL/v2024/password-sync-groups" -Method Post -Headers $headers `
        -ContentType application/json -Body (ConvertTo-Json $sales) @retry
}
