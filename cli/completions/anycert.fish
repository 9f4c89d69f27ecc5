# Completion of anycert for fish.

set -l requests get head post put patch delete request
set -l talking $requests test
set -l relaxations untrusted-issuer self-signed expired not-yet-valid wrong-host common-name weak-key \
    weak-signature wrong-purpose invalid-ca path-length name-constraints critical-extension explicit-curve \
    legacy-renegotiation renegotiation tls1.0 tls1.1 tls1.2-max small-dh sha1-handshake rsa-key-exchange \
    cbc-sha1 legacy-ciphers legacy-groups oversized-chain unclean-shutdown no-sni no-alpn no-ems no-etm \
    classical-hello bare-hello
set -l rungs hardened pinned tofu report-only trust-any antique

function __anycert_no_command
    test (count (commandline -opc)) -eq 1
end
function __anycert_policy_word
    set -l words (commandline -opc)
    test (count $words) -eq 2; and test $words[2] = policy
end
function __anycert_trust_word
    set -l words (commandline -opc)
    test (count $words) -eq 2; and test $words[2] = trust
end
function __anycert_in
    set -l words (commandline -opc)
    test (count $words) -ge 2; and contains -- $words[2] $argv
end
function __anycert_in_trust
    set -l words (commandline -opc)
    test (count $words) -ge 3; and test $words[2] = trust; and contains -- $words[3] $argv
end
function __anycert_in_policy
    set -l words (commandline -opc)
    test (count $words) -ge 3; and test $words[2] = policy; and contains -- $words[3] $argv
end

complete -c anycert -f
complete -c anycert -n __anycert_no_command -a get -d 'fetch a document'
complete -c anycert -n __anycert_no_command -a head -d 'fetch its header only'
complete -c anycert -n __anycert_no_command -a post -d 'send data'
complete -c anycert -n __anycert_no_command -a put -d 'store a document'
complete -c anycert -n __anycert_no_command -a patch -d 'change a document'
complete -c anycert -n __anycert_no_command -a delete -d 'delete a document'
complete -c anycert -n __anycert_no_command -a request -d 'any other method'
complete -c anycert -n __anycert_no_command -a test -d 'whether a server or a profile works'
complete -c anycert -n __anycert_no_command -a doctor -d 'why a server cannot be talked to, and what it takes'
complete -c anycert -n __anycert_no_command -a policy -d 'what policies there are and what they mean'
complete -c anycert -n __anycert_no_command -a trust -d 'what servers show of themselves'
complete -c anycert -n __anycert_no_command -a lab -d 'misbehaving servers on this machine'
complete -c anycert -n __anycert_no_command -a help -d 'the options of a command'
complete -c anycert -n __anycert_no_command -l version -d 'print versions'
complete -c anycert -n __anycert_policy_word -a 'list explain check'
complete -c anycert -n __anycert_trust_word -a 'show list add remove import export hash'
complete -c anycert -n '__anycert_in help' -a 'get head post put patch delete request test doctor policy trust lab'
complete -c anycert -n '__anycert_in lab' -l list -d 'list the conditions'
complete -c anycert -n '__anycert_in lab' -l json -d 'print JSON'

# Of requests, `test` and `policy explain`.
set -l trust "__anycert_in $talking; or __anycert_in_policy explain"
# And of `trust show`.
set -l looks "__anycert_in $talking; or __anycert_in_policy explain; or __anycert_in_trust show"
complete -c anycert -n $looks -s k -l insecure -d 'the same as --trust trust-any'
complete -c anycert -n $looks -l trust -x -a "$rungs" -d 'the policy'
complete -c anycert -n $looks -l allow -x -a "(__fish_append , $relaxations)" -d 'give up these checks only'
complete -c anycert -n $trust -l until -x -d 'the last day on which relaxations count'
complete -c anycert -n $trust -l reason -x -d 'why'
complete -c anycert -n $trust -l pin -x -d 'the key has to be this one'
complete -c anycert -n $trust -l policy-file -r -F -d 'the policy of each host'
complete -c anycert -n "__anycert_in $talking trust; or __anycert_in_policy explain check" -l trust-store -r -F -d 'the hosts that tofu remembers'
complete -c anycert -n '__anycert_in_trust add' -l pin -x -d 'the key has to be this one'
complete -c anycert -n '__anycert_in_trust add' -l by-ca -d 'known by its certificate authority'
complete -c anycert -n '__anycert_in_trust add' -l comment -x -d 'a note for the reader'
complete -c anycert -n '__anycert_in_trust import' -F
complete -c anycert -n '__anycert_in_policy check' -F
complete -c anycert -n $looks -l expect-name -x -d 'the name in the certificate'
complete -c anycert -n $looks -l sni -x -d 'the name in the handshake'
complete -c anycert -n $looks -l cacert -r -F -d 'trust these anchors only'
complete -c anycert -n $looks -l capath -r -F -d 'another name of --cacert'
complete -c anycert -n $looks -l ca-add -r -F -d 'trust these anchors too'
complete -c anycert -n $looks -l intermediate -r -F -d 'certificates that help to build the chain'
complete -c anycert -n $trust -s E -l cert -r -F -d 'client certificate'
complete -c anycert -n $trust -l key -r -F -d 'private key of the client certificate'
complete -c anycert -n $looks -l proxy-trust -x -a "$rungs" -d 'the policy for the proxy'
complete -c anycert -n $looks -s x -l proxy -x -d 'use this proxy'
complete -c anycert -n $looks -l noproxy -x -d 'reach these hosts without the proxy'
complete -c anycert -n $looks -l env-proxy -d 'use the proxies of the environment'
complete -c anycert -n $looks -l resolve -x -d 'use this address for the host'
complete -c anycert -n $looks -l connect-to -x -d 'connect to the second for the first'
complete -c anycert -n $looks -l connect-timeout -x -d 'limit for connecting'
complete -c anycert -n $looks -s m -l max-time -x -d 'limit for everything'
complete -c anycert -n $looks -l private-addresses -x -a "allowed not-by-redirect refused" -d 'addresses that are not public'
complete -c anycert -n $looks -l stall-timeout -x -d 'limit without a byte'
complete -c anycert -n $looks -l http1.1 -d 'speak HTTP/1.1 only'
complete -c anycert -n $looks -l http2 -d 'offer HTTP/2 under every policy'
complete -c anycert -n $trust -l profile -r -F -d 'take URL, trust and more from this profile'
complete -c anycert -n $trust -l cert-type -x -a "PEM P12" -d 'what the client certificate is'
complete -c anycert -n $trust -l pass -x -d 'the password of the key'
complete -c anycert -n $trust -l pass-file -r -F -d 'the password of the key, from a file'
complete -c anycert -n $trust -l pass-env -x -d 'the password of the key, from a variable'
complete -c anycert -n $trust -l pass-fd -x -d 'the password of the key, from a descriptor'
complete -c anycert -n $looks -s U -l proxy-user -x -d 'user and password for the proxy'
complete -c anycert -n $looks -l proxy-user-file -r -F -d 'user and password for the proxy, from a file'
complete -c anycert -n $looks -l proxy-user-env -x -d 'user and password for the proxy, from a variable'
complete -c anycert -n $looks -l proxy-user-fd -x -d 'user and password for the proxy, from a descriptor'
complete -c anycert -n $looks -l proxy-digest -d 'prove the password to the proxy with Digest'
complete -c anycert -n $looks -l proxy-anyauth -d 'Digest if the proxy offers it, else Basic'

# Of `doctor`, some of them alone, some also of the others.
complete -c anycert -n '__anycert_in doctor' -l timeout -x -d 'limit for each handshake'
complete -c anycert -n '__anycert_in doctor' -l delay -x -d 'wait so long between two handshakes'
complete -c anycert -n '__anycert_in doctor' -l parallel -x -d 'examine so many targets at once'
complete -c anycert -n '__anycert_in doctor' -l http -d 'confirm by a request, too'
complete -c anycert -n '__anycert_in doctor' -l http-body -d 'the same, and see whether the body ends as it should'
complete -c anycert -n '__anycert_in doctor' -l for -x -a "(__fish_append , curl requests openssl.cnf go node java wget)" -d 'say it in the words of another client'
complete -c anycert -n '__anycert_in doctor' -l save -r -F -d 'keep what was observed'
complete -c anycert -n '__anycert_in doctor' -l replay -r -F -d 'diagnose what was saved'
complete -c anycert -n '__anycert_in doctor' -l apply -d 'write the entry of a policy file'
complete -c anycert -n '__anycert_in doctor' -l replace -d 'with --apply: in the place of the old entry'
complete -c anycert -n '__anycert_in doctor' -l policy-file -r -F -d 'with --apply: the file that gets the entry'
complete -c anycert -n '__anycert_in doctor' -l pin -x -d 'with --apply: its pin'
complete -c anycert -n '__anycert_in doctor' -l until -x -d 'with --apply: its last day'
complete -c anycert -n '__anycert_in doctor' -l reason -x -d 'with --apply: its reason'
complete -c anycert -n '__anycert_in doctor' -s y -l yes -d 'with --apply: do not ask'
complete -c anycert -n '__anycert_in doctor' -l fetch-intermediate -d 'fetch the certificate that a chain lacks'
complete -c anycert -n '__anycert_in doctor' -l compare-direct -d 'see whether the certificate is another one without the proxy'
complete -c anycert -n '__anycert_in doctor' -l proxy-trust -x -a "$rungs" -d 'the policy for the proxy'
complete -c anycert -n '__anycert_in doctor' -l plan -d 'say what would be done, and send nothing'
complete -c anycert -n '__anycert_in doctor' -s v -l verbose -d 'print everything'
complete -c anycert -n '__anycert_in doctor' -l profile -r -F -d 'take URL, proxy and anchors from this profile'
complete -c anycert -n '__anycert_in doctor' -l expect-name -x -d 'the name in the certificate'
complete -c anycert -n '__anycert_in doctor' -l sni -x -d 'the name in the handshake'
complete -c anycert -n '__anycert_in doctor' -l cacert -r -F -d 'trust these anchors only'
complete -c anycert -n '__anycert_in doctor' -l capath -r -F -d 'another name of --cacert'
complete -c anycert -n '__anycert_in doctor' -l ca-add -r -F -d 'trust these anchors too'
complete -c anycert -n '__anycert_in doctor' -l intermediate -r -F -d 'certificates that help to build the chain'
complete -c anycert -n '__anycert_in doctor' -s x -l proxy -x -d 'use this proxy'
complete -c anycert -n '__anycert_in doctor' -l resolve -x -d 'use this address for the host'
complete -c anycert -n '__anycert_in doctor' -l connect-to -x -d 'connect to the second for the first'

# Of requests and `test`.
set -l talk "__anycert_in $talking"
complete -c anycert -n $talk -s H -l header -x -d 'add a header'
complete -c anycert -n $talk -l secret-header -x -d 'the value of this header is a secret'
complete -c anycert -n $talk -s u -l user -x -d 'Basic authentication'
complete -c anycert -n $talk -l user-file -r -F -d 'USER:PASSWORD in a file'
complete -c anycert -n $talk -s b -l cookie -r -F -d 'send these cookies, or those of a file'
complete -c anycert -n $talk -s A -l user-agent -x -d 'the User-Agent header'
complete -c anycert -n $talk -s L -l location -d 'follow redirects'
complete -c anycert -n $talk -l max-redirs -x -d 'follow so many at most'
complete -c anycert -n $talk -l allow-downgrade -d 'follow redirects from https to http too'
complete -c anycert -n $talk -l report -r -F -d 'write what was checked as JSON'
complete -c anycert -n $talk -s s -l silent -d 'no messages'
complete -c anycert -n $talk -s S -l show-error -d 'with -s: the error all the same'
complete -c anycert -n $talk -s v -l verbose -d 'tell what happens'
complete -c anycert -n $talk -l user-env -x -d 'user and password, from a variable'
complete -c anycert -n $talk -l user-fd -x -d 'user and password, from a descriptor'
complete -c anycert -n $talk -l bearer -x -d 'the token of Bearer authentication'
complete -c anycert -n $talk -l bearer-file -r -F -d 'the token of Bearer authentication, from a file'
complete -c anycert -n $talk -l bearer-env -x -d 'the token of Bearer authentication, from a variable'
complete -c anycert -n $talk -l bearer-fd -x -d 'the token of Bearer authentication, from a descriptor'
complete -c anycert -n $talk -l oauth2-bearer -x -d 'another name of --bearer'
complete -c anycert -n $talk -l param -x -d 'add a parameter to the query'
complete -c anycert -n $talk -l query -x -d 'add this to the query'
complete -c anycert -n $talk -l ok-codes -x -d 'accept these statuses'
complete -c anycert -n $talk -l retry -x -d 'make the request again so often at most'
complete -c anycert -n $talk -l retry-delay -x -d 'wait so long before the second retry'
complete -c anycert -n $talk -l retry-on -x -d 'the statuses that are tried again'
complete -c anycert -n $talk -l retry-methods -x -d 'the methods that are tried again'
complete -c anycert -n $talk -l retry-after-max -x -d 'the longest Retry-After that is waited for'
complete -c anycert -n $talk -l idempotency-header -x -d 'send a header that all tries share'
complete -c anycert -n $talk -l log-level -x -a "error warning info debug" -d 'log what is done'
complete -c anycert -n $talk -l trace -r -F -d 'write an HTTP archive (HAR)'
complete -c anycert -n $talk -l secret-param -x -d 'the query parameter is a secret'
complete -c anycert -n $talk -l secret-guard -x -a "send withhold refuse" -d 'what is done with secrets where a check was relaxed'
complete -c anycert -n $talk -l basic -d 'Basic with -u, the default'
complete -c anycert -n $talk -l digest -d 'Digest with -u'
complete -c anycert -n $talk -l ntlm -d 'NTLM with -u'
complete -c anycert -n $talk -l negotiate -d 'Negotiate with the ticket of kinit'
complete -c anycert -n $talk -l api-key -x -d 'a key in a header of its own'
complete -c anycert -n $talk -l api-key-file -r -F -d 'a key in a header of its own, from a file'
complete -c anycert -n $talk -l api-key-env -x -d 'a key in a header of its own, from a variable'
complete -c anycert -n $talk -l api-key-fd -x -d 'a key in a header of its own, from a descriptor'
complete -c anycert -n $talk -l api-key-header -x -d 'which header'
complete -c anycert -n $talk -l api-key-param -x -d 'a parameter of the query instead'
complete -c anycert -n $talk -l aws-sigv4 -x -d 'sign for AWS'
complete -c anycert -n $talk -l aws-session-token -x -d 'the session token of temporary keys'
complete -c anycert -n $talk -l aws-session-token-file -r -F -d 'the session token of temporary keys, from a file'
complete -c anycert -n $talk -l aws-session-token-env -x -d 'the session token of temporary keys, from a variable'
complete -c anycert -n $talk -l aws-session-token-fd -x -d 'the session token of temporary keys, from a descriptor'
complete -c anycert -n $talk -l oauth2-token-url -x -d 'get a token there and send it'
complete -c anycert -n $talk -l oauth2-client-id -x -d 'the name of the client'
complete -c anycert -n $talk -l oauth2-client-secret -x -d 'the secret of the client'
complete -c anycert -n $talk -l oauth2-client-secret-file -r -F -d 'the secret of the client, from a file'
complete -c anycert -n $talk -l oauth2-client-secret-env -x -d 'the secret of the client, from a variable'
complete -c anycert -n $talk -l oauth2-client-secret-fd -x -d 'the secret of the client, from a descriptor'
complete -c anycert -n $talk -l oauth2-scope -x -d 'what the token is for'
complete -c anycert -n $talk -l oauth2-audience -x -d 'whom the token is for'
complete -c anycert -n $talk -l oauth2-param -x -d 'a parameter of the request for the token'
complete -c anycert -n $talk -l oauth2-style -x -a "basic body" -d 'how the secret is sent'

# Of requests.
set -l request "__anycert_in $requests"
complete -c anycert -n $request -s d -l data -x -d 'send data'
complete -c anycert -n $request -l data-raw -x -d 'send data, without meaning of @'
complete -c anycert -n $request -l data-binary -x -d 'send data as it is'
complete -c anycert -n $request -l data-urlencode -x -d 'send data, percent-encoded'
complete -c anycert -n $request -l json -x -d 'send JSON'
complete -c anycert -n $request -s G -l get -d 'put the data into the query'
complete -c anycert -n $request -s T -l upload-file -r -F -d 'send this file'
complete -c anycert -n $request -l compressed -d 'ask for compressed answers, the default'
complete -c anycert -n $request -l no-compressed -d 'do not ask for compressed answers'
complete -c anycert -n $request -l max-body -x -d 'refuse larger bodies'
complete -c anycert -n $request -s o -l output -r -F -d 'write the body to this file'
complete -c anycert -n $request -s i -l include -d 'print the header too'
complete -c anycert -n $request -s f -l fail -d 'exit with 8 for status 400 and more'
complete -c anycert -n $request -l fail-with-body -d 'exit with 8 for status 400 and more, and write the body'
complete -c anycert -n $request -s w -l write-out -x -d 'print this at the end'
complete -c anycert -n $request -l expect100-timeout -x -d 'ask before every body and wait so long'
complete -c anycert -n $request -l data-ascii -x -d 'another name of -d'
complete -c anycert -n $request -s c -l cookie-jar -r -F -d 'keep cookies in a file'
complete -c anycert -n $request -l print-curl -d 'print a curl command that does the same, and send nothing'
complete -c anycert -n $request -s '#' -l progress-bar -d 'show progress'
complete -c anycert -n $request -s F -l form -x -d 'send a multipart form'
complete -c anycert -n $request -l form-string -x -d 'a field of a multipart form'
complete -c anycert -n $request -s C -l continue-at -x -a "-" -d 'go on with a download'
complete -c anycert -n '__anycert_in get head request' -s I -l head -d 'ask for the header only'
complete -c anycert -n '__anycert_in request' -s X -l request -x -a 'GET HEAD POST PUT PATCH DELETE OPTIONS' \
    -d 'the method'

complete -c anycert -n "__anycert_in $talking doctor policy trust" -l format -x -a 'text json' -d 'how messages are printed'
complete -c anycert -n "__anycert_in $talking doctor policy trust lab" -s h -l help -d 'print help'
