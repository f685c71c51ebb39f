// My chat server.
const net = require("node:net");

function serve(socket) {
  // An error with one client must not stop the server for the others.
  socket.on("error", () => socket.destroy());
  // Step 1: remove the two slashes in front of the next line.
  // socket.write("Welcome!\n");
  socket.end();
}

// `--port N`, or else `$CHAT_PORT`, or else 5555.
function port() {
  const at = process.argv.indexOf("--port");
  return Number(at >= 0 ? process.argv[at + 1] : process.env.CHAT_PORT || 5555);
}

net.createServer(serve).listen(port(), "127.0.0.1");
