package main

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
)

func main() {
	upstream, err := url.Parse(os.Args[2])
	if err != nil {
		panic(err)
	}
	panic(http.ListenAndServe(os.Args[1], httputil.NewSingleHostReverseProxy(upstream)))
}
