// serve: an HTTPS server of Go's crypto/tls on loopback.
//
// usage: serve PORT CERT KEY MIN MAX ALPN CLIENTS [SUITES]
// MIN and MAX are TLS versions in hexadecimal; ALPN is a comma-separated list or "-"; CLIENTS is "-", or the CA file
// of the client certificates that are required; SUITES are the numbers, in hexadecimal, of all that it has before
// TLS 1.3.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// A version or a suite.
func number(text string) uint16 {
	n, err := strconv.ParseUint(text, 16, 16)
	if err != nil {
		log.Fatal(err)
	}
	return uint16(n)
}

// The certificates of one file and the RSA key of another, whether they belong together or not.
func pair(certificates, key string) tls.Certificate {
	var made tls.Certificate
	text, err := os.ReadFile(certificates)
	if err != nil {
		log.Fatal(err)
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		made.Certificate = append(made.Certificate, block.Bytes)
	}
	text, err = os.ReadFile(key)
	if err != nil {
		log.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		log.Fatal("no key")
	}
	made.PrivateKey, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		log.Fatal(err)
	}
	return made
}

func main() {
	args := os.Args[1:]
	config := &tls.Config{MinVersion: number(args[3]), MaxVersion: number(args[4])}
	if args[5] != "-" {
		config.NextProtos = strings.Split(args[5], ",")
	}
	if args[6] != "-" {
		text, err := os.ReadFile(args[6])
		config.ClientCAs = x509.NewCertPool()
		if err != nil || !config.ClientCAs.AppendCertsFromPEM(text) {
			log.Fatal("no client CAs")
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	if len(args) > 7 {
		for _, suite := range strings.Split(args[7], ",") {
			config.CipherSuites = append(config.CipherSuites, number(suite))
		}
	}
	server := &http.Server{Addr: "127.0.0.1:" + args[0], TLSConfig: config}
	if args[5] == "-" { // Go adds h2 by itself otherwise
		server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
	}
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "go %s %s %d", r.Proto, r.Method, len(body))
	})
	config.Certificates = []tls.Certificate{pair(args[1], args[2])}
	log.Fatal(server.ListenAndServeTLS("", ""))
}
