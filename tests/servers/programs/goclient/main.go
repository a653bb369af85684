// The client of Go as it is: each worker has a Transport, and so a connection, of its own. It warms that up with a GET, waits, sends a POST, and says
// what became of it: "id ok", or "id lost error". Reads lines "id milliseconds" from its standard input, one for each worker.
package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

func main() {
	base := os.Args[1]
	var all sync.WaitGroup
	var out sync.Mutex
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		milliseconds, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			panic(err)
		}

		all.Add(1)
		go func(id string, age time.Duration) {
			defer all.Done()
			result := race(base, id, age)
			out.Lock()
			fmt.Println(id, result)
			out.Unlock()
		}(fields[0], time.Duration(milliseconds*float64(time.Millisecond)))
	}

	all.Wait()
}

func race(base, id string, age time.Duration) string {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 30 * time.Second}
	if err := send(client, http.MethodGet, base+"/id/"+id+"-warm-up", id+"-warm-up", nil); err != nil {
		return "failed " + err.Error()
	}

	time.Sleep(age)
	if err := send(client, http.MethodPost, base+"/id/"+id+"?secret=1", id, strings.NewReader(`{"order":4711}`)); err != nil {
		return "lost " + err.Error()
	}

	return "ok"
}

func send(client *http.Client, method, address, id string, body io.Reader) error {
	request, err := http.NewRequest(method, address, body)
	if err != nil {
		return err
	}

	request.Header.Set("X-Request-Id", id)
	response, err := client.Do(request)
	if err != nil {
		return err
	}

	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
