// ask: a request of Go's net/http, or what its rules for NO_PROXY say.
//
// usage: ask METHOD URL BODY, or ask proxy URL
// The first sends the request with u:p as Basic authentication and X-Api-Key, and follows redirects; the second prints
// the proxy that the environment means for a URL, or "direct".
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
)

func main() {
	args := os.Args[1:]
	method, body := "GET", ""
	if args[0] != "proxy" {
		method, body = args[0], args[2]
	}
	request, err := http.NewRequest(method, args[1], strings.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	if args[0] == "proxy" {
		proxy, err := http.ProxyFromEnvironment(request)
		if err != nil {
			log.Fatal(err)
		}
		if proxy == nil {
			fmt.Println("direct")
		} else {
			fmt.Println(proxy)
		}
		return
	}
	request.SetBasicAuth("u", "p")
	request.Header.Set("X-Api-Key", "k")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.StatusCode)
}
