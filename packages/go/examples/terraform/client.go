package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
)

// client is what the provider calls the service by. It looks before it repeats a create whose answer was lost.
type client struct {
	baseURL, id, secret string
	mutex               sync.Mutex
	token               string
}

type passwordSyncGroup struct {
	ID               string   `json:"id,omitempty"`
	Name             string   `json:"name"`
	PasswordPolicyID string   `json:"passwordPolicyId"`
	SourceIDs        []string `json:"sourceIds"`
}

// refusal is a status from 300 up.
type refusal int

func (status refusal) Error() string { return fmt.Sprintf("the service answered %d", int(status)) }

func isStatus(err error, status int) bool {
	var refused refusal
	return errors.As(err, &refused) && int(refused) == status
}

func (client *client) create(wanted passwordSyncGroup) (made passwordSyncGroup, err error) {
	err = client.call(http.MethodPost, "", wanted, &made)
	var refused refusal
	if !errors.As(err, &refused) || refused < 500 {
		return made, err
	}
	// A 500 does not say whether the group was made; only looking does.
	var there []passwordSyncGroup
	if err := client.call(http.MethodGet, "", nil, &there); err != nil {
		return made, err
	}
	for _, group := range there {
		if group.Name == wanted.Name {
			return group, nil
		}
	}
	return made, client.call(http.MethodPost, "", wanted, &made)
}

func (client *client) read(id string) (found passwordSyncGroup, err error) {
	return found, client.call(http.MethodGet, "/"+id, nil, &found)
}

func (client *client) delete(id string) error {
	return client.call(http.MethodDelete, "/"+id, nil, nil)
}

func (client *client) call(method, path string, body, answer any) error {
	token, err := client.freshToken()
	if err != nil {
		return err
	}
	var payload bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&payload).Encode(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequest(method, client.baseURL+"/v2024/password-sync-groups"+path, &payload)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return send(request, answer)
}

// freshToken is asked for once: Terraform starts the provider for each of its steps.
func (client *client) freshToken() (string, error) {
	client.mutex.Lock()
	defer client.mutex.Unlock()
	if client.token != "" {
		return client.token, nil
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client.id}, "client_secret": {client.secret}}
	request, err := http.NewRequest(http.MethodPost, client.baseURL+"/oauth/token", bytes.NewBufferString(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var granted struct {
		AccessToken string `json:"access_token"`
	}
	err = send(request, &granted)
	client.token = granted.AccessToken
	return client.token, err
}

func send(request *http.Request, answer any) error {
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if reply.StatusCode >= 300 {
		return refusal(reply.StatusCode)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(reply.Body).Decode(answer)
}
