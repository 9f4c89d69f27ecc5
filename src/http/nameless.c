/* Certificates that name no issuer. libcurl reads that name for its log, and before version 8 takes
 * an empty one for an error while it verifies: the handshake that we have judged is thrown away.
 * With its own verification off, which has nothing to do here, the same is a line of its log. The
 * handshake is made and judged again then, and what protects it is the same: the hook in its
 * context, and the judge before a byte of a request is sent. */
#include "http/lane.h"

#include "verdict/judge.h"

/* Whether we have taken what this hop showed, and it names no issuer. */
static bool is_nameless(const struct anycert__lane *lane, struct anycert__link *link,
                        const struct anycert__hop_terms *terms)
{
    const struct anycert__facts *facts = link ? anycert__link_facts(link) : NULL;

    return facts && facts->complete && facts->presented_count > 0 &&
           facts->presented[0].issuer[0] == '\0' &&
           anycert__judge_accepts(facts, terms->policy, anycert__clock_now(&lane->settings->clock),
                                  ANYCERT__JUDGE_ALL);
}

bool anycert__nameless_again(struct anycert__lane *lane, CURLcode rc)
{
    CURLcode set = CURLE_OK;

    if (rc != CURLE_PEER_FAILED_VERIFICATION || lane->failure.code != 0)
        return false;
    if (!lane->takes_nameless && is_nameless(lane, lane->link, lane->terms)) {
        lane->takes_nameless = true;
        ANYCERT__SET(set, lane->easy, CURLOPT_SSL_VERIFYPEER, 0L);
        return set == CURLE_OK;
    }
    if (!lane->takes_nameless_proxy && is_nameless(lane, lane->proxy_link, lane->proxy_terms)) {
        lane->takes_nameless_proxy = true;
        ANYCERT__SET(set, lane->easy, CURLOPT_PROXY_SSL_VERIFYPEER, 0L);
        return set == CURLE_OK;
    }
    return false;
}
