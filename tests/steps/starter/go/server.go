// My chat server.
package main

import (
	"log"
	"net"
	"os"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port())
	if err != nil {
		log.Fatal(err)
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			// An error with one client must not stop the server for the others.
			continue
		}
		serve(conn)
	}
}

func serve(conn net.Conn) {
	defer conn.Close()
	// Step 1: remove the two slashes in front of the next line.
	// conn.Write([]byte("Welcome!\n"))
}

// `--port N`, or else `$CHAT_PORT`, or else 5555.
func port() string {
	for i, word := range os.Args {
		if word == "--port" && i+1 < len(os.Args) {
			return os.Args[i+1]
		}
	}
	if port := os.Getenv("CHAT_PORT"); port != "" {
		return port
	}
	return "5555"
}
