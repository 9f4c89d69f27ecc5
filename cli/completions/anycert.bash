# Completion of anycert for bash.

_anycert_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

# Names of relaxations behind the last comma.
_anycert_relaxations() {
    local relaxations="untrusted-issuer self-signed expired not-yet-valid wrong-host common-name weak-key
        weak-signature wrong-purpose invalid-ca path-length name-constraints critical-extension explicit-curve
        legacy-renegotiation renegotiation tls1.0 tls1.1 tls1.2-max small-dh sha1-handshake rsa-key-exchange
        cbc-sha1 legacy-ciphers legacy-groups oversized-chain unclean-shutdown no-sni no-alpn no-ems no-etm
        classical-hello bare-hello"
    local done=""
    [[ $current != *,* ]] || done=${current%,*},
    mapfile -t COMPREPLY < <(compgen -P "$done" -W "$relaxations" -- "${current##*,}")
}

_anycert_value() {
    case $1 in
    -b | --cookie | -c | --cookie-jar | --bearer-file | --profile | --pass-file | --proxy-user-file | --trace | \
        --api-key-file | --aws-session-token-file | --oauth2-client-secret-file | -T | --upload-file | --user-file | \
        --trust-store | --policy-file | --cacert | --capath | --ca-add | --intermediate | -E | --cert | --key | -o | --output | --report | \
        --save | --replay)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    --trust | --proxy-trust) _anycert_words "hardened pinned tofu report-only trust-any antique" ;;
    --allow) _anycert_relaxations ;;
    -C | --continue-at) _anycert_words "-" ;;
    --cert-type) _anycert_words "PEM P12" ;;
    --log-level) _anycert_words "error warning info debug" ;;
    --secret-guard) _anycert_words "send withhold refuse" ;;
    --private-addresses) _anycert_words "allowed not-by-redirect refused" ;;
    --oauth2-style) _anycert_words "basic body" ;;
    --format) _anycert_words "text json" ;;
    --for) _anycert_words "curl requests openssl.cnf go node java wget" ;;
    -X | --request) _anycert_words "GET HEAD POST PUT PATCH DELETE OPTIONS" ;;
    --user-env | --user-fd | --bearer | --bearer-env | --bearer-fd | --oauth2-bearer | -F | --form | \
        --form-string | --param | --query | --ok-codes | --retry | --retry-delay | --retry-on | --retry-methods | \
        --retry-after-max | --idempotency-header | --pass | --pass-env | --pass-fd | -U | --proxy-user | \
        --proxy-user-env | --proxy-user-fd | --secret-param | --api-key | --api-key-env | --api-key-fd | \
        --api-key-header | --api-key-param | --aws-sigv4 | --aws-session-token | --aws-session-token-env | \
        --aws-session-token-fd | --oauth2-token-url | --oauth2-client-id | --oauth2-client-secret | \
        --oauth2-client-secret-env | --oauth2-client-secret-fd | --oauth2-scope | --oauth2-audience | \
        --oauth2-param | -H | --header | --secret-header | -d | --data | --data-raw | --data-binary | \
        --data-urlencode | --json | -u | --user | -A | --user-agent | --max-redirs | --max-body | --until | \
        --reason | --comment | --pin | --expect-name | --sni | -x | --proxy | --noproxy | --resolve | --connect-to | \
        --connect-timeout | --timeout | --delay | --parallel | -m | --max-time | --stall-timeout | --expect100-timeout | --data-ascii | \
        -w | --write-out) COMPREPLY=() ;;
    *) return 1 ;;
    esac
}

_anycert() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local looks="--insecure --trust --allow --trust-store --expect-name --sni --cacert --capath --ca-add --intermediate --proxy-trust --proxy --noproxy
        --env-proxy --resolve --connect-to --private-addresses --connect-timeout --max-time --stall-timeout
        --http1.1 --http2 --proxy-user --proxy-user-file --proxy-user-env --proxy-user-fd --proxy-digest
        --proxy-anyauth --format --help"
    local trust="$looks --until --reason --pin --policy-file --cert --key --profile --cert-type
        --pass --pass-file --pass-env --pass-fd"
    local talk="$trust --header --secret-header --user --user-file --user-agent --location --max-redirs
        --allow-downgrade --report --silent --show-error --verbose --user-env --user-fd --bearer --bearer-file
        --bearer-env --bearer-fd --oauth2-bearer --param --query --ok-codes --retry --retry-delay --retry-on
        --retry-methods --retry-after-max --idempotency-header --log-level --trace --secret-param --secret-guard
        --basic --digest --ntlm --negotiate --api-key --api-key-file --api-key-env --api-key-fd
        --api-key-header --api-key-param --aws-sigv4 --aws-session-token --aws-session-token-file
        --aws-session-token-env
        --aws-session-token-fd --oauth2-token-url --oauth2-client-id --oauth2-client-secret
        --oauth2-client-secret-file --oauth2-client-secret-env --oauth2-client-secret-fd --oauth2-scope
        --oauth2-audience --oauth2-param --oauth2-style --cookie"
    local request="$talk --data --data-raw --data-binary --data-urlencode --json --get --upload-file --compressed
        --no-compressed --max-body --output --include --fail --fail-with-body --write-out --progress-bar --form
        --form-string --continue-at --cookie-jar --print-curl --data-ascii --expect100-timeout"
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _anycert_words "get head post put patch delete request test doctor policy trust lab help --help --version"
        return
    fi
    if ((COMP_CWORD == 2)) && [[ ${COMP_WORDS[1]} == policy ]]; then
        _anycert_words "list explain check"
        return
    fi
    if ((COMP_CWORD == 2)) && [[ ${COMP_WORDS[1]} == trust ]]; then
        _anycert_words "show list add remove import export hash"
        return
    fi
    _anycert_value "$previous" && return
    case ${COMP_WORDS[1]} in
    get | head) _anycert_words "$request --head" ;;
    post | put | patch | delete) _anycert_words "$request" ;;
    test) _anycert_words "$talk" ;;
    request) _anycert_words "$request --head --request" ;;
    doctor)
        _anycert_words "--profile --expect-name --sni --cacert --capath --ca-add --intermediate --proxy --resolve
            --connect-to --timeout --delay --parallel --http --http-body --fetch-intermediate --compare-direct
            --proxy-trust --for --save --replay --apply --policy-file --pin --until --reason --replace --yes --plan
            --format --verbose --help" ;;
    policy)
        case ${COMP_WORDS[2]} in
        explain) _anycert_words "$trust" ;;
        list) _anycert_words "--format --help" ;;
        check)
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -f -W "--trust-store --format --help" -- "$current") ;;
        esac ;;
    trust)
        case ${COMP_WORDS[2]} in
        show) _anycert_words "$looks" ;;
        add) _anycert_words "--trust-store --pin --by-ca --comment --format --help" ;;
        import)
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -f -W "--trust-store --format --help" -- "$current") ;;
        list | remove | export | hash) _anycert_words "--trust-store --format --help" ;;
        esac ;;
    lab)
        _anycert_words "--list --json --help $(anycert lab --list 2>/dev/null | cut -d ' ' -f 1)" ;;
    help) _anycert_words "get head post put patch delete request test doctor policy trust lab" ;;
    esac
}

complete -F _anycert anycert
