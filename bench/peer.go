// CPU of Go's net/http client for one request of 1 kB of JSON, 32 of them at once: as `anycert_bench many`.
//
// usage: peer URL ROOT 1|2 REQUESTS
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
)

const atOnce = 32

func die(err error) {
	fmt.Fprintln(os.Stderr, "peer:", err)
	os.Exit(1)
}

func newClient(root string, http2 bool) *http.Client {
	pem, err := os.ReadFile(root)
	if err != nil {
		die(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		die(fmt.Errorf("no certificate in %s", root))
	}
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: pool},
		MaxIdleConnsPerHost: atOnce,
		ForceAttemptHTTP2:   http2,
	}
	if !http2 { // an empty map is how HTTP/2 is switched off
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	return &http.Client{Transport: transport}
}

func get(client *http.Client, url string) {
	response, err := client.Get(url)
	if err != nil {
		die(err)
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil {
		die(err)
	}
	if response.StatusCode != 200 || len(body) == 0 {
		die(fmt.Errorf("status %d, %d bytes", response.StatusCode, len(body)))
	}
}

func ask(client *http.Client, url string, requests int) {
	var all sync.WaitGroup
	numbers := make(chan struct{}, requests)
	for i := 0; i < requests; i++ {
		numbers <- struct{}{}
	}
	close(numbers)
	for i := 0; i < atOnce; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for range numbers {
				get(client, url)
			}
		}()
	}
	all.Wait()
}

func cpu() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		die(err)
	}
	return float64(usage.Utime.Sec+usage.Stime.Sec)*1e6 + float64(usage.Utime.Usec+usage.Stime.Usec)
}

func main() {
	if len(os.Args) != 5 {
		die(fmt.Errorf("usage: peer URL ROOT 1|2 REQUESTS"))
	}
	requests, err := strconv.Atoi(os.Args[4])
	if err != nil {
		die(err)
	}
	client := newClient(os.Args[2], os.Args[3] == "2")
	ask(client, os.Args[1], requests/10+atOnce) // warm-up
	start := cpu()
	ask(client, os.Args[1], requests)
	fmt.Printf("%.3f\n", (cpu()-start)/float64(requests))
}
