using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;

/// <summary>My chat server.</summary>
static class Program
{
    static void Main(string[] arguments)
    {
        var listener = new TcpListener(IPAddress.Loopback, Port(arguments));
        listener.Start();
        while (true)
        {
            using (var client = listener.AcceptTcpClient())
            {
                try
                {
                    Serve(client.GetStream());
                }
                catch (IOException)
                {
                    // An error with one client must not stop the server for the others.
                }
            }
        }
    }

    static void Serve(Stream stream)
    {
        // Step 1: remove the two slashes in front of the next line.
        // stream.Write(Encoding.UTF8.GetBytes("Welcome!\n"), 0, 9);
        stream.Flush();
    }

    /// <summary>`--port N`, or else `$CHAT_PORT`, or else 5555.</summary>
    static int Port(string[] arguments)
    {
        var at = Array.IndexOf(arguments, "--port");
        var port = at >= 0 ? arguments[at + 1] : Environment.GetEnvironmentVariable("CHAT_PORT");
        return int.Parse(port ?? "5555");
    }
}
