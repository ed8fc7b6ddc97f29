package gateway

// Probe asks an account once what it can do.
func Probe(account Account) bool {
	return account.Ask("/v1/responses") != 404
}
