// Answers every request with 200 and three bytes, writes a line of requests.log for each request executed.
// Arguments: ADDRESS PORT IDLE_SECONDS.
package main

import (
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	idle, err := time.ParseDuration(os.Args[3] + "s")
	if err != nil {
		log.Fatal(err)
	}

	executions, err := os.OpenFile("requests.log", os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		log.Fatal(err)
	}

	server := &http.Server{
		Addr:        os.Args[1] + ":" + os.Args[2],
		IdleTimeout: idle,
		Handler: http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
			_, _ = io.Copy(io.Discard, request.Body)
			_, _ = executions.WriteString(request.Header.Get("X-Request-Id") + "\n")
			_, _ = io.WriteString(response, "ok\n")
		}),
	}
	log.Fatal(server.ListenAndServe())
}
