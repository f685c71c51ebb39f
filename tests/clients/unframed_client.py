#!/usr/bin/env python3
"""A chat client that sends no newlines: unframed_client.py HOST PORT"""
import socket, sys, threading, time

server = socket.create_connection((sys.argv[1], int(sys.argv[2])))

def show():
    while received := server.recv(4096):
        print(received.decode(errors="replace"), end="", flush=True)

shower = threading.Thread(target=show)
shower.start()
for line in sys.stdin:
    server.sendall(line.rstrip("\n").encode())
    time.sleep(0.5)  # a pause ends the line
server.shutdown(socket.SHUT_WR)
shower.join()
