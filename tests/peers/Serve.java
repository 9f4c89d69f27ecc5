// Serve: an HTTPS server of Java's SSLServerSocket on loopback.
//
// usage: java Serve.java PORT KEYSTORE.p12 PASSWORD PROTOCOLS [SUITES]
// With SUITES it has these alone, and Java's own refusals of old protocols and suites are switched off.
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.Security;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

public class Serve {
    private static void answer(Socket socket) {
        try (Socket open = socket) {
            BufferedReader in =
                new BufferedReader(new InputStreamReader(open.getInputStream(), StandardCharsets.ISO_8859_1));
            String first = in.readLine();
            for (String line = first; line != null && !line.isEmpty(); ) {
                line = in.readLine();
            }
            if (first == null) {
                return;
            }
            String body = "java " + ((SSLSocket) open).getSession().getProtocol();
            String head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + body.length() + "\r\n\r\n";
            open.getOutputStream().write((head + body).getBytes(StandardCharsets.ISO_8859_1));
            open.getOutputStream().flush();
        } catch (IOException e) {
            System.err.println(e);
        }
    }

    public static void main(String[] args) throws Exception {
        if (args.length > 4) {
            Security.setProperty("jdk.tls.disabledAlgorithms", "");
            Security.setProperty("jdk.tls.legacyAlgorithms", "");
        }
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (FileInputStream in = new FileInputStream(args[1])) {
            store.load(in, args[2].toCharArray());
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
        keys.init(store, args[2].toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        SSLServerSocket listener = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(
            Integer.parseInt(args[0]), 16, InetAddress.getByName("127.0.0.1"));
        listener.setEnabledProtocols(args[3].split(","));
        if (args.length > 4) {
            listener.setEnabledCipherSuites(args[4].split(","));
        }
        while (true) {
            Socket socket = listener.accept();
            new Thread(() -> answer(socket)).start();
        }
    }
}
