import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;

/** My chat server. */
public class Server {
    public static void main(String[] arguments) throws IOException {
        try (var listener = new ServerSocket(port(arguments), 128, InetAddress.getByName("127.0.0.1"))) {
            while (true) {
                var socket = listener.accept();
                try (socket) {
                    serve(socket);
                } catch (IOException error) {
                    // An error with one client must not stop the server for the others.
                }
            }
        }
    }

    static void serve(Socket socket) throws IOException {
        OutputStream out = socket.getOutputStream();
        // Step 1: remove the two slashes in front of the next line.
        // out.write("Welcome!\n".getBytes("UTF-8"));
        out.flush();
    }

    /** `--port N`, or else `$CHAT_PORT`, or else 5555. */
    static int port(String[] arguments) {
        int at = Arrays.asList(arguments).indexOf("--port");
        if (at >= 0) {
            return Integer.parseInt(arguments[at + 1]);
        }
        return Integer.parseInt(System.getenv().getOrDefault("CHAT_PORT", "5555"));
    }
}
