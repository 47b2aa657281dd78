// Sees to it that there is a group “Sales”. Tries three times, as many programs do: the drill finds fault with that.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

const sales = `{"name": "Sales", "passwordPolicyId": "2c91808d744ba0ce01746f93b6204501",
	"sourceIds": ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"]}`

var token struct {
	Value string `json:"access_token"`
}

func call(method, path, kind, body string, answer any) {
	var err error
	for attempt := 0; attempt < 3; attempt++ {
		request, _ := http.NewRequest(method, os.Getenv("SAIL_BASE_URL")+path, strings.NewReader(body))
		request.Header.Set("Content-Type", kind)
		request.Header.Set("Authorization", "Bearer "+token.Value)
		var reply *http.Response
		if reply, err = http.DefaultClient.Do(request); err == nil {
			if reply.StatusCode == 200 {
				if json.NewDecoder(reply.Body).Decode(answer) == nil {
					return
				}
			}
			err = fmt.Errorf("%s answered %s", path, reply.Status)
		}
		time.Sleep(time.Second)
	}
	log.Fatal(err)
}

func main() {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {os.Getenv("SAIL_CLIENT_ID")},
		"client_secret": {os.Getenv("SAIL_CLIENT_SECRET")}}
	call("POST", "/oauth/token", "application/x-www-form-urlencoded", form.Encode(), &token)
	var groups []struct{ Name string }
	call("GET", "/v2024/password-sync-groups", "application/json", "", &groups)
	for _, group := range groups {
		if group.Name == "Sales" {
			return
		}
	}
	call("POST", "/v2024/password-sync-groups", "application/json", sales, &struct{}{})
}
