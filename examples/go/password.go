// Changing a password: ask for the key and the account, encrypt, set, and poll until it has happened.
package groups

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"
)

const (
	polls        = 60
	pollInterval = 4 * time.Second
)

// ChangePassword sets the password of a user's account on a source, and returns once that has happened.
func (client *Client) ChangePassword(userName, sourceName, password string) error {
	var info struct {
		IdentityID, SourceID, PublicKeyID, PublicKey string
		Accounts                                     []struct{ AccountID string }
	}
	query := map[string]any{"userName": userName, "sourceName": sourceName}
	if err := client.call(http.MethodPost, "query-password-info", query, &info); err != nil {
		return err
	}
	secret, err := encrypted(password, info.PublicKey)
	if err != nil {
		return err
	}
	change := map[string]any{
		"identityId": info.IdentityID, "sourceId": info.SourceID, "accountId": info.Accounts[0].AccountID,
		"publicKeyId": info.PublicKeyID, "encryptedPassword": secret,
	}
	var begun struct{ RequestID string }
	if err := client.call(http.MethodPost, "set-password", change, &begun); err != nil {
		return err
	}
	return client.waitForChange(begun.RequestID)
}

// waitForChange polls: a 202 says only that the change has begun.
func (client *Client) waitForChange(requestID string) error {
	for range polls {
		var status struct {
			State  string
			Errors []string
		}
		if err := client.call(http.MethodGet, "password-change-status/"+requestID, nil, &status); err != nil {
			return err
		}
		switch status.State {
		case "FINISHED":
			return nil
		case "FAILED":
			return errors.New(strings.Join(status.Errors, "; "))
		}
		client.Sleep(pollInterval)
	}
	return errors.New("the password change has not ended")
}

func encrypted(password, publicKey string) (string, error) {
	der, err := base64.StdEncoding.DecodeString(publicKey)
	if err != nil {
		return "", err
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return "", err
	}
	secret, err := rsa.EncryptPKCS1v15(rand.Reader, key.(*rsa.PublicKey), []byte(password))
	return base64.StdEncoding.EncodeToString(secret), err
}
