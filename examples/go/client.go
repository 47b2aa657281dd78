// Package groups is the client under test: it lists and creates password sync groups, changes passwords, and survives
// the usual troubles. It stands for your own program: it gets a new token when its own has expired, waits as long as a
// 429 says, looks before it repeats a create whose answer was lost, and polls until a password change has ended.
package groups

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	attempts   = 4
	groupsPath = "password-sync-groups"
)

// Group is a password sync group.
type Group struct {
	ID               string   `json:"id,omitempty"`
	Name             string   `json:"name"`
	PasswordPolicyID string   `json:"passwordPolicyId"`
	SourceIDs        []string `json:"sourceIds"`
}

// Refusal is an answer that is not a success.
type Refusal struct{ Status int }

func (refusal *Refusal) Error() string { return fmt.Sprintf("the service answered %d", refusal.Status) }

// Client calls the service for one OAuth client.
type Client struct {
	BaseURL, ID, Secret string
	// Sleep waits; time.Sleep in a program.
	Sleep func(time.Duration)
	token string
}

// List returns the groups.
func (client *Client) List() ([]Group, error) {
	var groups []Group
	return groups, client.call(http.MethodGet, groupsPath, nil, &groups)
}

// Create makes a group, once.
func (client *Client) Create(group Group) (Group, error) {
	var created Group
	err := client.call(http.MethodPost, groupsPath, group, &created)
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Status < 500 {
		return created, err
	}
	// A 500 does not say whether the group was made; only looking does.
	groups, err := client.List()
	if err != nil {
		return created, err
	}
	for _, found := range groups {
		if found.Name == group.Name {
			return found, nil
		}
	}
	return created, client.call(http.MethodPost, groupsPath, group, &created)
}

func (client *Client) call(method, path string, body, answer any) error {
	for attempt := 1; ; attempt++ {
		if client.token == "" {
			if err := client.newToken(); err != nil {
				return err
			}
		}
		reply, err := client.send(method, path, body)
		if err != nil {
			return err
		}
		status := reply.StatusCode
		if status < 300 {
			err = json.NewDecoder(reply.Body).Decode(answer)
		}
		reply.Body.Close()
		switch {
		case status < 300:
			return err
		case attempt == attempts:
			return &Refusal{status}
		case status == http.StatusUnauthorized:
			client.token = ""
		case status == http.StatusTooManyRequests:
			seconds, err := strconv.Atoi(reply.Header.Get("Retry-After"))
			if err != nil {
				seconds = 1
			}
			client.Sleep(time.Duration(seconds) * time.Second)
		default:
			return &Refusal{status}
		}
	}
}

func (client *Client) send(method, path string, body any) (*http.Response, error) {
	var payload bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&payload).Encode(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequest(method, client.BaseURL+"/v2024/"+path, &payload)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+client.token)
	request.Header.Set("Content-Type", "application/json")
	return http.DefaultClient.Do(request)
}

func (client *Client) newToken() error {
	reply, err := http.PostForm(client.BaseURL+"/oauth/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {client.ID}, "client_secret": {client.Secret},
	})
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return &Refusal{reply.StatusCode}
	}
	var granted struct {
		AccessToken string `json:"access_token"`
	}
	err = json.NewDecoder(reply.Body).Decode(&granted)
	client.token = granted.AccessToken
	return err
}
