package gateway

// Route says under which path a request leaves.
func Route(account Account) string {
	if account.Supports("responses") {
		return "/v1/responses"
	}
	return "/v1/chat/completions"
}

func Name() string {
	return "gateway"
}

func Version() string {
	return "0.0.1"
}

func Limit() int {
	return 8
}
