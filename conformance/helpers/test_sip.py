"""SIP word by word: what is read, what is rewritten, who is expected. Scripts are read as conversation.py says."""

from conformance.helpers.conversation import Conversation, talks, text_line
from conformance.vocabulary import case, udp


def message(text, ends):
    """`~` ends a line; `*` as a length is that of the body, behind the empty line."""
    text = text.replace("~", "\\r\\n") + ("\\r\\n" if ends else "")
    said = text_line(text, False)
    body = said.partition(b"\r\n\r\n")[2]
    return said.replace(b"Content-Length: *", b"Content-Length: %d" % len(body))


TCP = {"proto": "tcp"}
SIX = {"family": 6}
OWN = {"ports": (6060, 5060)}


@case("sip.calls", topology="two-lans", needs=["helper-sip"], cites=["HELPER-18"], rows=talks("udp", (5060, 5060),
    streams="""
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~o=a 1 1 IN IP4 10.0.1.10~s=-~c=IN IP4 10.0.1.10~t=0 0
          ~m=audio 4001 RTP/AVP 0~m=text 4010 RTP/AVP 0~m=video 4002 RTP/AVP 0~a=x~m=image 4005 udptl t38
          ~m=audio 4008 RTP/AVP 0
        ? udp server > client:4000-4001 sip/audio, udp server > client:4002-4003 sip/video,
          udp server > client:4004-4005 sip/image
        s SIP/2.0 100 Trying~CSeq: 1 INVITE~~v=0~c=IN IP4 10.0.2.10~m=audio 5000 RTP/AVP 0
        ? udp client > server:5000-5001 sip/audio, udp server > client:4000-4001 sip/audio,
          udp server > client:4002-4003 sip/video, udp server > client:4004-4005 sip/image
        s SIP/2.0 486 Busy~CSeq: 2 INVITE~
        s SIP/2.0 486 Busy~CSeq: 1 OPTIONS~
        s SIP/2.0 486 Busy~CSeq: 1 INVITE~
        ? nothing
        c INVITE sip:b@h SIP/2.0~CSeq: 3 INVITE~~v=0~c=IN IP4 10.0.1.10~m=audio 4000 RTP/AVP 0
        ? udp server > client:4000-4001 sip/audio
        c INVITE sip:b@h SIP/2.0~CSeq: 4 INVITE~~v=0~c=IN IP4 10.0.1.10~m=audio 4002 RTP/AVP 0
        ? udp server > client:4002-4003 sip/audio
        s SIP/2.0 300 Elsewhere~CSeq: 4 INVITE~
        ? nothing
        s SIP/2.0 299 Odd~CSeq: 4 INVITE~~v=0~c=IN IP4 10.0.2.10~m=audio 5000 RTP/AVP 0
        ? udp client > server:5000-5001 sip/audio
        c ACK sip:b@h SIP/2.0~CSeq: 4 ACK~~v=0~c=IN IP4 10.0.1.10~m=audio 4004 RTP/AVP 0
        ? udp client > server:5000-5001 sip/audio, udp server > client:4004-4005 sip/audio
        s BYE sip:b@h SIP/2.0~CSeq: 5 BYE~
        ? nothing
    """,
    methods="""
        c OPTIONS sip:b@h SIP/2.0~CSeq: 1 OPTIONS~~v=0~c=IN IP4 10.0.1.10~m=audio 4000 RTP/AVP 0
        c UPDATE sip:b@h SIP/2.0~CSeq: 1 UPDATE~~v=0~c=IN IP4 10.0.1.10~m=audio 4002 RTP/AVP 0
        ? udp server > client:4002-4003 sip/audio
        c PRACK sip:b@h SIP/2.0~CSeq: 1 PRACK~~v=0~c=IN IP4 10.0.1.10~m=video 4004 RTP/AVP 0
        ? udp server > client:4002-4003 sip/audio, udp server > client:4004-4005 sip/video
        s SIP/2.0 200 OK~CSeq: 1 OPTIONS~~v=0~c=IN IP4 10.0.2.10~m=audio 5000 RTP/AVP 0
        s SIP/2.0 200 OK~CSeq: 1 ACK~~v=0~c=IN IP4 10.0.2.10~m=audio 5000 RTP/AVP 0
        s SIP/2.0 200 OK~CSeq: 1 UPDATE~~v=0~c=IN IP4 10.0.2.10~m=audio 5002 RTP/AVP 0
        ? udp client > server:5002-5003 sip/audio, udp server > client:4002-4003 sip/audio,
          udp server > client:4004-4005 sip/video
        s SIP/2.0 200 OK~CSeq: 1 PRACK~~v=0~c=IN IP4 10.0.2.10~m=audio 5004 RTP/AVP 0
        ? udp client > server:5002-5003 sip/audio, udp client > server:5004-5005 sip/audio,
          udp server > client:4004-4005 sip/video
        c INVITEX sip:b@h SIP/2.0~CSeq: 1 INVITE~
        c INVITE 1:b@h SIP/2.0~CSeq: 1 INVITE~
        c INVITE  sip:b@h SIP/2.0~CSeq: 1 INVITE~
        c INVITE/ sip:b@h SIP/2.0~CSeq: 1 INVITE~
        c- BYE s
        c- BYE sip:bxx => dropped
        s SIP/2.0 404 No~CSeq: 1 PRACK~
        s SIP/2.0 404 No~CSeq: 0 ACK~
        s SIP/2.0 404 No~CSeq: 0  PRACK~
        s SIP/2.0 404 No~CSeq: 0 PRACK~
        ? nothing
        c invite sip:b@h SIP/2.0~CSeq: 1 INVITE~
        c bye sip:b@h SIP/2.0~ => dropped
        c bye sip:b@h SIP/2.0~CSeq:1 x~
    """,
    faults="""
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~c=IN IP4 10.0.1.10~m=audio 4000 RTP/AVP 0
        ? udp server > client:4000-4001 sip/audio
        c- INVITE sip
        c- BYE sip:b@
        c- BYE sip:b@h => dropped
        c INVITE sip:b@h SIP/2.0~CSeq: x INVITE~ => dropped
        c INVITE sip:b@h SIP/2.0~CSeq: 4294967296 INVITE~ => dropped
        c ACK sip:b@h SIP/2.0~CSeq: 4294967295 ACK~~v=0~c=IN IP4 10.0.1.10~m=video 1023 RTP/AVP 0 => dropped
        c ACK sip:b@h SIP/2.0~CSeq: 000000000001 ACK~~v=0~c=IN IP4 10.0.1.10~m=video 1024 RTP/AVP 0 => dropped
        c ACK sip:b@h SIP/2.0~CSeq: 00000000001 ACK~~v=0~c=IN IP4 10.0.1.10~m=video 1024 RTP/AVP 0
        ? udp server > client:1024-1025 sip/video, udp server > client:4000-4001 sip/audio
        c ACK sip:b@h SIP/2.0~CSeq: 1 ACK~~v=0~c=IN IP4 10.0.1.10~m=image 65535 RTP/AVP 0
        ? udp server > client:1024-1025 sip/video, udp server > client:4000-4001 sip/audio,
          udp server > client:65534-65535 sip/image
        c ACK sip:b@h SIP/2.0~CSeq: 1 ACK~~v=0~c=IN IP4 10.0.1.10~m=image 65536 RTP/AVP 0 => dropped
        c ACK sip:b@h SIP/2.0~CSeq: 1 ACK~~v=0~c=IN IP4 10.0.1.10~m=audio 0 RTP/AVP 0~m=audio x~m=audio 4006 x
        ? udp server > client:1024-1025 sip/video, udp server > client:4000-4001 sip/audio,
          udp server > client:4006-4007 sip/audio, udp server > client:65534-65535 sip/image
        c ACK sip:b@h SIP/2.0~CSeq: 1 ACK~~v=0~c=IN IP4 10.0.1.10~m=audio 4008
        ? udp server > client:1024-1025 sip/video, udp server > client:4006-4007 sip/audio,
          udp server > client:4008-4009 sip/audio, udp server > client:65534-65535 sip/image
        c ACK sip:b@h SIP/2.0~CSeq: 1 ACK~~v=0~c=IN IP4 10.0.1.11~m=audio 4010 x
        c ACK sip:b@h SIP/2.0~CSeq: 1 ACK~~v=0~m=audio 4010 x => dropped
        c ACK sip:b@h SIP/2.0~CSeq: 1 ACK~~v=0~m=audio 4010 x~c=IN IP4 10.0.1.10
        ? udp server > client:1024-1025 sip/video, udp server > client:4008-4009 sip/audio,
          udp server > client:4010-4011 sip/audio, udp server > client:65534-65535 sip/image
        c ACK sip:b@h SIP/2.0~CSeq: 1 ACK~~v=0~c=IN IP6 ::1~m=audio 4010 x~c=IN IP4 10.0.1.10
        c ACK sip:b@h SIP/2.0~CSeq: 1 ACK~~v=0~c=in ip4 10.0.1.10~m=audio 4012 x => dropped
        c ACK sip:b@h SIP/2.0~CSeq: 1 ACK~~v=0~C=x IN IP4 10.0.1.10~M=audio 4012 x
        ? udp server > client:1024-1025 sip/video, udp server > client:4010-4011 sip/audio,
          udp server > client:4012-4013 sip/audio, udp server > client:65534-65535 sip/image
        c ACK sip:b@h SIP/2.0~CSeq: 1 ACK~~v=0~c=IN IP4 10.0.1.10~m=AUDIO 4014 x
        c ACK sip:b@h SIP/2.0~CSeq: 1 ACK~~v=x~c=IN IP4 10.0.1.10~m=audio 4014 x
        c ACK sip:b@h SIP/2.0~CSeq: 1 ACK~~w=0~c=IN IP4 10.0.1.10~m=audio 4014 x
        s SIP/2.0 x OK~CSeq: 1 INVITE~ => dropped
        s SIP/2.0 000 x~CSeq: 1 INVITE~ => dropped
        s- SIP/2.0 999 => dropped
        s- SIP/2.0 99
        s- SIP/2.0 200~CSeq:1 ACK
        s- SIP/2.0 400~CSeq: 1 INVIT
        s- SIP/2.0 400~CSeq: 1 INVITE
        ? nothing
    """,
    limits="""
        c UPDATE sip:b@h SIP/2.0~CSeq: 1 UPDATE~~v=0~c=IN IP4 10.0.1.10~m=audio 4000 x~m=audio 4002 x
        ? udp server > client:4000-4001 sip/audio, udp server > client:4002-4003 sip/audio
        c UPDATE sip:b@h SIP/2.0~CSeq: 1 UPDATE~~v=0~c=IN IP4 10.0.1.10~m=audio 4004 x
        ? udp server > client:4002-4003 sip/audio, udp server > client:4004-4005 sip/audio
        c UPDATE sip:b@h SIP/2.0~CSeq: 1 UPDATE~~v=0~c=IN IP4 10.0.1.10~m=video 4004 x
        c UPDATE sip:b@h SIP/2.0~CSeq: 1 UPDATE~~v=0~c=IN IP4 10.0.1.10~m=image 4010 x~m=image 4012 x~m=image 4014 x
        ? udp server > client:4002-4003 sip/audio, udp server > client:4004-4005 sip/audio,
          udp server > client:4014-4015 sip/image
    """,
    media_addresses="""
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~c=IN IP4 10.0.1.11~m=audio 4000 x~c=IN IP4 10.0.1.10~m=video 4002 x
          ~m=image 4004 x~c=IN IP4 10.0.1.10
        ? udp server > client:4000-4001 sip/audio, udp server > client:4004-4005 sip/image
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~c=IN IP4 10.0.1.10~m=audio 4000 x~c=IN IP4 10.0.1.11~m=video 4002 x
        ? udp server > client:4002-4003 sip/video
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~b=x~c=TN IN IP4 10.0.1.10/127~m=audio 4000 x
        ? udp server > client:4000-4001 sip/audio
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~c=IN IP4 010.000.1.0010~m=audio 4000 x
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~c=IN IP4 10.0.1.10a~m=audio 4000 x => dropped
        ? nothing
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~c=IN IP4 10.0.1.10g~m=audio 4000 x
        ? udp server > client:4000-4001 sip/audio
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~c=IN IP4 10.0.1.10.~m=audio 4000 x => dropped
        ? nothing
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~c=IN IP4 10.0.1~m=audio 4000 x => dropped
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~c=IN IP4 10.0.1.266~m=audio 4000 x => dropped
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~c=IN IP4 10.0.1.10F~m=audio 4000 x => dropped
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~c=IN IP4 10..1.10~m=audio 4000 x => dropped
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~c=IN IP4 10-0.1.10~m=audio 4000 x => dropped
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~c=IN IP4 10.0.1.255~m=audio 4000 x
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~c=IN IP4 10.0.1.256~m=audio 4000 x => dropped
    """,
    six=("", """
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~c=IN IP6 2001:db8:1::10~m=audio 4000 x
        ? udp server > client:4000-4001 sip/audio
        s SIP/2.0 200 OK~CSeq: 1 INVITE~~v=0~c=IN IP6 2001:0db8:00002::10~m=audio 5000 x
        ? udp client > server:5000-5001 sip/audio, udp server > client:4000-4001 sip/audio
        s SIP/2.0 500 x~CSeq: 1 INVITE~
        ? nothing
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~c=IN IP4 10.0.1.10~m=audio 4000 x => dropped
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~c=IN IP6 [2001:db8:1::10]~m=audio 4000 x => dropped
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~~v=0~c=IN IP6 2001:db8:1:::10~m=audio 4000 x => dropped
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@[2001:db8:1::10]:5062>;expires=60~
        ? udp server > client:5062 PERMANENT,INACTIVE sip/signalling
        c REGISTER sip:h SIP/2.0~CSeq: 2 REGISTER~Contact: <sip:a@2001:db8:1::10>;expires=60~
        c REGISTER sip:h SIP/2.0~CSeq: 2 REGISTER~Contact: <sip:a@[2001:db8:1::10>;expires=60~
        c REGISTER sip:h SIP/2.0~CSeq: 2 REGISTER~Contact: <sip:a@[2001:db8:1::11]>;expires=60~
        s SIP/2.0 200 OK~CSeq: 1 REGISTER~Contact: <sip:a@[2001:db8:1::10]:5062>;expires=60~
        ? udp server > client:5062 PERMANENT sip/signalling
    """, SIX),
))  # fmt: skip
def test_calls(client, server, firewall, nat, script, proto, family, ports):
    """A description of streams from its sender's own address makes two ports expected for each; what cannot be read is dropped."""
    Conversation(client, server, firewall, "sip", proto, ports, nat, family).play(script, message)


@case("sip.registrations", topology="two-lans", needs=["helper-sip"], cites=["HELPER-18"], rows=talks("udp", (5060, 5060),
    expiry="""
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@10.0.1.10:5062>~
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Expires: 0~Contact: <sip:a@10.0.1.10:5062>~
        c REGISTER sip:h SIP/2.0~CSeq: 2 REGISTER~Expires: 60~Contact: <sip:a@10.0.1.10:5062>~
        ? udp server > client:5062 PERMANENT,INACTIVE sip/signalling
        s SIP/2.0 100 Trying~CSeq: 2 REGISTER~
        s SIP/2.0 200 OK~CSeq: 1 REGISTER~Expires: 60~Contact: <sip:a@10.0.1.10:5062>~
        s SIP/2.0 200 OK~CSeq: 2 REGISTER~Expires: 60~Contact: <sip:a@10.0.1.10:5062>~
        ? udp server > client:5062 PERMANENT sip/signalling
        c REGISTER sip:h SIP/2.0~CSeq: 3 REGISTER~Expires: 60~Contact: <sip:a@10.0.1.10:5062>;expires=0~
        s SIP/2.0 200 OK~CSeq: 3 REGISTER~Expires: 60~Contact: <sip:a@10.0.1.10:5062>;expires=0~
        ? nothing
        c REGISTER sip:h SIP/2.0~CSeq: 4 REGISTER~Contact: <sip:a@10.0.1.10>;q=1;expires=1~
        ? udp server > client:5060 PERMANENT,INACTIVE sip/signalling
        s SIP/2.0 299 OK~CSeq: 4 REGISTER~Contact: <sip:a@10.0.1.10>;expires=60~
        ? udp server > client:5060 PERMANENT sip/signalling
        c REGISTER sip:h SIP/2.0~CSeq: 5 REGISTER~Contact: <sip:a@10.0.1.10:5062>;expires=60~
        ? udp server > client:5062 PERMANENT,INACTIVE sip/signalling
        s SIP/2.0 300 Moved~CSeq: 5 REGISTER~Contact: <sip:a@10.0.1.10:5062>;expires=60~
        ? nothing
        c REGISTER sip:h SIP/2.0~CSeq: 6 REGISTER~Contact: <sip:a@10.0.1.10:5062>;expires=60~
        ? udp server > client:5062 PERMANENT,INACTIVE sip/signalling
        s SIP/2.0 200 OK~CSeq: 6 REGISTER~
        ? nothing
        c REGISTER sip:h SIP/2.0~CSeq: 7 REGISTER~Contact: <sip:a@10.0.1.10:5062>;expires=1~
        ? udp server > client:5062 PERMANENT,INACTIVE sip/signalling
        s SIP/2.0 200 OK~CSeq: 7 REGISTER~Contact: <sip:a@10.0.1.10:5062>;expires=1~
        ? udp server > client:5062 PERMANENT sip/signalling
        c OPTIONS sip:h SIP/2.0~CSeq: 8 OPTIONS~ => after 1.1
        ? nothing
    """,
    contacts="""
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@10.0.1.11:5062>;expires=60~
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@10.0.1.10:5062;transport=tcp>;expires=60~
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@10.0.1.10:5062;transport=UDP>;expires=60~
        ? udp server > client:5062 PERMANENT,INACTIVE sip/signalling
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@10.0.1.10:5064>;expires=x~ => dropped
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@h>;expires=60~
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: *~Expires: 0~
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@10.0.1.10:1023>;expires=60~
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@10.0.1.10:1024>;expires=60~
        ? udp server > client:1024 PERMANENT,INACTIVE sip/signalling
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@10.0.1.10:65535>;expires=60~
        ? udp server > client:65535 PERMANENT,INACTIVE sip/signalling
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@10.0.1.10:65536>;expires=60~
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@10.0.1.10:005062>;expires=60~
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: sip:10.0.1.10:5066~Expires: 60~
        ? udp server > client:5066 PERMANENT,INACTIVE sip/signalling
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: "a@b" <sip:a@10.0.1.10:5067>~Expires: 60~
        ? udp server > client:5067 PERMANENT,INACTIVE sip/signalling
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:b@h>, <sip:a@10.0.1.10:5068>~Expires: 60~
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@10.0.1.10:5069>, <sip:a@10.0.1.10:5070>;expires=60~
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:b@h>~Contact: <sip:a@10.0.1.10:5071>;expires=60~
        ? udp server > client:5071 PERMANENT,INACTIVE sip/signalling
        s REGISTER sip:h SIP/2.0~CSeq: 9 REGISTER~Contact: <sip:a@10.0.2.10:5072>;expires=60~
        ? udp client > server:5072 PERMANENT,INACTIVE sip/signalling
    """,
    answers="""
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@10.0.1.10:5062>~Expires: 60~
        ? udp server > client:5062 PERMANENT,INACTIVE sip/signalling
        s SIP/2.0 200 OK~CSeq: 1 REGISTER
          ~Contact: <sip:a@10.0.1.10:5063>;expires=60, <sip:a@10.0.1.11:5062>;expires=60, <sip:h>, <sip:a@10.0.1.10:5062;transport=tcp>;expires=60, <sip:a@10.0.1.10:5062>;expires=60
          ~
        ? udp server > client:5062 PERMANENT sip/signalling
        s SIP/2.0 200 OK~CSeq: 1 REGISTER~Contact: <sip:a@10.0.1.10:5063>;expires=60, <sip:a@10.0.1.10:5062>;expires=0~
        ? nothing
        c REGISTER sip:h SIP/2.0~CSeq: 2 REGISTER~Contact: <sip:a@10.0.1.10:5062>~Expires: 60~
        ? udp server > client:5062 PERMANENT,INACTIVE sip/signalling
        s SIP/2.0 200 OK~CSeq: 2 REGISTER~Contact: <sip:a@10.0.1.10:5062>;expires=y~ => dropped
        s SIP/2.0 200 OK~CSeq: 2 REGISTER~Contact: <sip:a@10.0.1.10:5063>;expires=0, <sip:a@10.0.1.10:5062>;expires=60~
        ? nothing
        c REGISTER sip:h SIP/2.0~CSeq: 3 REGISTER~Contact: <sip:a@10.0.1.10:5062>~Expires: 60~
        ? udp server > client:5062 PERMANENT,INACTIVE sip/signalling
        c INVITE sip:b@h SIP/2.0~CSeq: 4 INVITE~~v=0~c=IN IP4 10.0.1.10~m=audio 4000 x
        ? udp server > client:4000-4001 sip/audio, udp server > client:5062 PERMANENT,INACTIVE sip/signalling
        s SIP/2.0 200 OK~CSeq: 3 REGISTER~Contact: <sip:h>~Contact: <sip:a@10.0.1.10:5062>~Expires: 60~
        ? udp server > client:4000-4001 sip/audio, udp server > client:5062 PERMANENT sip/signalling
        s SIP/2.0 401 No~CSeq: 3 REGISTER~
        ? udp server > client:4000-4001 sip/audio
    """,
    tcp=("", """
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@10.0.1.10:5062>;expires=60~Content-Length: 0~
        ? tcp server > client:5062 PERMANENT,INACTIVE sip/signalling
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@10.0.1.10:5063;transport=udp>;expires=60~Content-Length: 0
          ~
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@10.0.1.10:5064;transport=tcp>;expires=60~Content-Length: 0
          ~
        ? tcp server > client:5064 PERMANENT,INACTIVE sip/signalling
        s SIP/2.0 200 OK~CSeq: 1 REGISTER
          ~Contact: <sip:a@10.0.1.10:5064;transport=udp>;expires=60,<sip:a@10.0.1.10:5064>;expires=60~Content-Length: 0~
        ? tcp server > client:5064 PERMANENT sip/signalling
    """, TCP),
    forms=r"""
        c REGISTER sip:h SIP/2.0~cseq : 1 REGISTER~CONTACT \t:\t<SIP:a@10.0.1.10:5062>;EXPIRES=60~
        ? udp server > client:5062 PERMANENT,INACTIVE sip/signalling
        c REGISTER sip:h SIP/2.0~CSeq:1 REGISTER~m: <sip:a@10.0.1.10:5063>;expires=60~
        ? udp server > client:5063 PERMANENT,INACTIVE sip/signalling
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~mm: <sip:a@10.0.1.10:5064>;expires=60~
        c REGISTER sip:h SIP/2.0~CSeq:~ 1 REGISTER~m:~\t <sip:a@10.0.1.10:5065>~ ;expires=60~
        ? udp server > client:5065 PERMANENT,INACTIVE sip/signalling
        c REGISTER sip:h SIP/2.0~ CSeq: 1 REGISTER~CSeq~ : 1 REGISTER~ContactX: <sip:a@10.0.1.10:5065>;expires=60~
        c REGISTER sip:h SIP/2.0~CSeq:~ => dropped
        c- REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@10.0.1.10:5066
        c- REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Expires: 60~Contact: sip:10.0.1.10
        c- REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Expires: 60~Contact: sip:10.0.1.10~
        ? udp server > client:5060 PERMANENT,INACTIVE sip/signalling
        c- REGISTER sip:h SIP/2.0~CSeq: 1
        c- REGISTER sip:h SIP/2.0\nCSeq: 1 REGISTER\nContact: <sip:a@10.0.1.10:5067>;expires=60\n
        ? udp server > client:5067 PERMANENT,INACTIVE sip/signalling
        c- REGISTER sip:h SIP/2.0\rCSeq: 1 REGISTER\rContact: <sip:a@10.0.1.10:5068>;expires=60\r
        ? udp server > client:5068 PERMANENT,INACTIVE sip/signalling
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: a <x>, <sip:a@10.0.1.10:5069>;expires=60~
        ? udp server > client:5069 PERMANENT,INACTIVE sip/signalling
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <tel:1>~ <sip:a@10.0.1.10:5070>~Expires: 70~
        ? udp server > client:5070 PERMANENT,INACTIVE sip/signalling
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <tel:1>~Contact: <sip:a@10.0.1.10:5071>~Expires: 60~
        ? udp server > client:5071 PERMANENT,INACTIVE sip/signalling
    """,
))  # fmt: skip
def test_registrations(client, server, firewall, nat, script, proto, family, ports):
    """A phone registers where it can be called; the registrar's answer to that very request says how long."""
    Conversation(client, server, firewall, "sip", proto, ports, nat, family).play(script, message)


@case("sip.translated", topology="two-lans", needs=["helper-sip", "nat"], cites=["HELPER-18"], rows=talks("udp", (5060, 5060),
    headers=("snat", """
        c OPTIONS sip:a@{10.0.1.10>10.0.2.77:5060} SIP/2.0
          ~v: SIP/2.0/UDP {10.0.1.10:5060>10.0.2.77:5060};maddr={10.0.1.10>10.0.2.77};rport~CSeq: 1 OPTIONS
          ~From: "a" <sip:a@{10.0.1.10>10.0.2.77:5060}>;tag=1~t: <sip:b@10.0.2.10:5060>
          ~Contact: <sip:a@{10.0.1.10>10.0.2.77:5060}>, <sip:b@10.0.1.10:5061>, <{sip:10.0.1.10:5060>sip:10.0.2.77:5060}>
          ~m: {sip:10.0.1.10>sip:10.0.2.77:5060}~
        c OPTIONS sip:b@h SIP/2.0~Via: SIP/2.0/UDP 10.0.1.11:5060;maddr=10.0.1.10~f: <sip:a@10.0.1.10:5061>
          ~To: <{sip:10.0.1.10>sip:10.0.2.77:5060}>~
        c OPTIONS sip:b@h SIP/2.0~Via: SIP/2.0/TCP 10.0.1.10:5060;maddr=10.0.1.10
          ~Via: SIP/2.0/UDP {10.0.1.10:5060>10.0.2.77:5060}~
        c OPTIONS sip:b@h SIP/2.0
          ~Via: SIP/2.0/UDP {10.0.1.10>10.0.2.77:5060};maddr=10.0.1.11, SIP/2.0/UDP 10.0.1.10;maddr=10.0.1.10~
        c OPTIONS sip:b@h SIP/2.0~Via: SIP/2.0/UDP {10.0.1.10:5060>10.0.2.77:5060};x=1, y;maddr=10.0.1.10~
        s SIP/2.0 200 OK~Via: SIP/2.0/UDP {10.0.2.77:5060>10.0.1.10:5060};received={10.0.2.77>10.0.1.10};rport=5060
          ~CSeq: 1 OPTIONS~Contact: <sip:b@10.0.2.10>~From: <sip:a@{10.0.2.77>10.0.1.10:5060}>~To: <sip:b@10.0.2.10:5060>~
        s SIP/2.0 200 OK~Via: SIP/2.0/UDP {10.0.2.77>10.0.1.10:5060};received=10.0.2.78;rport=5061~CSeq: 1 OPTIONS~
        s SIP/2.0 200 OK~Via: SIP/2.0/UDP 10.0.2.10;received=10.0.2.77~CSeq: 1 OPTIONS~
        s OPTIONS sip:a@{10.0.2.77>10.0.1.10:5060} SIP/2.0~Via: SIP/2.0/UDP 10.0.2.10;received={10.0.2.77>10.0.1.10}
          ~CSeq: 1 OPTIONS~
        s OPTIONS sip:a@10.0.2.77:5061 SIP/2.0~Via: SIP/2.0/UDP 10.0.2.77:5060;received=10.0.2.77~CSeq: 1 OPTIONS~
        s OPTIONS a@10.0.2.77 SIP/2.0~CSeq: 1 OPTIONS~
        s 1 sip:a@10.0.2.77 SIP/2.0~CSeq: 1 OPTIONS~
        s OPTIONS  {sip:10.0.2.77>sip:10.0.1.10:5060} SIP/2.0~CSeq: 1 OPTIONS~
        s OPTIONS x {sip:10.0.2.77:5060>sip:10.0.1.10:5060}~CSeq: 1 OPTIONS~
    """),
    other_ports=("snat:6000 dnat:7000", """
        c OPTIONS sip:b@{10.0.1.99:7000>10.0.2.10:5060} SIP/2.0
          ~Via: SIP/2.0/UDP {10.0.1.10>10.0.2.77:6000};maddr={10.0.1.10>10.0.2.77};rport
          ~From: <sip:a@{10.0.1.10>10.0.2.77:6000}>~To: <sip:b@{10.0.1.99:7000>10.0.2.10:5060}>~CSeq: 1 OPTIONS
          ~Contact: <sip:a@{10.0.1.10>10.0.2.77:6000}>~
        s SIP/2.0 200 OK~Via: SIP/2.0/UDP {10.0.2.77:6000>10.0.1.10:5060};received={10.0.2.77>10.0.1.10};rport={6000>5060}
          ~From: <sip:a@{10.0.2.77:6000>10.0.1.10:5060}>~To: <sip:b@{10.0.2.10>10.0.1.99:7000}>~CSeq: 1 OPTIONS
          ~Contact: <sip:b@{10.0.2.10>10.0.1.99:7000}>~
        c REGISTER {sip:10.0.1.99:7000>sip:10.0.2.10:5060} SIP/2.0~CSeq: 2 REGISTER
          ~Contact: <sip:a@{10.0.1.10>10.0.2.77:6000}>;expires=60~
        ? udp server > outside:6000 PERMANENT,INACTIVE sip/signalling
        s SIP/2.0 200 OK~CSeq: 2 REGISTER~Contact: <sip:a@{10.0.2.77:6000>10.0.1.10:5060}>;expires=60~
        ? udp server > outside:6000 PERMANENT sip/signalling
        c REGISTER {sip:10.0.1.99:7000>sip:10.0.2.10:5060} SIP/2.0~CSeq: 3 REGISTER
          ~Contact: <sip:a@{10.0.1.10:5062>10.0.2.77:5062}>;expires=60~
        ? udp server > outside:5062 PERMANENT,INACTIVE sip/signalling
        s SIP/2.0 200 OK~CSeq: 3 REGISTER~Contact: <sip:a@10.0.2.77:5062>;expires=60~
        ? udp server > outside:5062 PERMANENT sip/signalling
        s INVITE sip:a@{10.0.2.77:6000>10.0.1.10:5060} SIP/2.0~CSeq: 4 INVITE~Content-Length: *~~v=0
          ~o=b 1 1 IN IP4 {10.0.2.10>10.0.1.99}~c=IN IP4 {10.0.2.10>10.0.1.99}~m=audio 5000 x
        ? udp client > public:5000-5001 sip/audio, udp server > outside:5062 PERMANENT sip/signalling
        c SIP/2.0 200 OK~CSeq: 4 INVITE~Content-Length: *~~v=0~o=b 1 1 IN IP4 {10.0.1.10>10.0.2.77}
          ~c=IN IP4 {10.0.1.10>10.0.2.77}~m=audio 4000 x
        ? udp client > public:5000-5001 sip/audio, udp server > outside:4000-4001 sip/audio,
          udp server > outside:5062 PERMANENT sip/signalling
        c BYE sip:b@{10.0.1.99:7000>10.0.2.10:5060} SIP/2.0~CSeq: 5 BYE~
        ? udp server > outside:5062 PERMANENT sip/signalling
    """),
    descriptions=("snat", """
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~Content-Length: *~~v=0~o=a 1 1 IN IP4 {10.0.1.10>10.0.2.77}~s=-
          ~c=IN IP4 {10.0.1.10>10.0.2.77}~t=0 0~m=audio 4001 RTP/AVP 0~m=video 4002 RTP/AVP 0~c=IN IP4 {10.0.1.10>10.0.2.77}
          ~m=image 4004 x~c=IN IP4 {10.0.1.10>10.0.2.77}
        ? udp server > outside:4000-4001 sip/audio, udp server > outside:4002-4003 sip/video,
          udp server > outside:4004-4005 sip/image
        c BYE sip:b@h SIP/2.0~CSeq: 2 BYE~
        ? nothing
        c INVITE sip:b@h SIP/2.0~CSeq: 3 INVITE~Content-Length: *~~v=0~o=a 1 1 IN IP4 {10.0.1.10>10.0.1.11}
          ~c=IN IP4 10.0.1.11~m=audio 4000 x
        c INVITE sip:b@h SIP/2.0~CSeq: 3 INVITE~Content-Length: *~~v=0~o=a 1 1 IN IP4 {9.9.9.9>10.0.2.77}~m=audio 4000 x
          ~c=IN IP4 {10.0.1.10>10.0.2.77}
        ? udp server > outside:4000-4001 sip/audio
        c INVITE sip:b@h SIP/2.0~CSeq: 4 INVITE~Content-Length: *~~v=0~c=IN IP4 10.0.1.10~m=audio 4000 x => dropped
        c INVITE sip:b@h SIP/2.0~CSeq: 4 INVITE~l: *~~v=0~o=a 1 1 IN IP4 10.0.1.10~c=IN IP4 10.0.1.10
          ~m=audio 4000 x => dropped
        c INVITE sip:b@h SIP/2.0~CSeq: 5 INVITE~~v=0~o=a 1 1 IN IP4 10.0.1.10~c=IN IP4 10.0.1.10~m=audio 4000 x => dropped
        c INVITE sip:b@h SIP/2.0~CSeq: 5 INVITE~Content-Length: *~~v=0~o=a 1 1 IN IP4 10.0.1.10~c=IN IP4 10.0.1.10
          ~m=text 1 x
        ? nothing
        c INVITE sip:b@h SIP/2.0~CSeq: 5 INVITE~Content-Length: *~~v=0~o=a 1 1 IN IP4 10.0.1.10~c=IN IP4 10.0.1.10
          ~m=audio 0 x
    """),
    forced=("snat", """
        c OPTIONS sip:b@h SIP/2.0~Via: SIP/2.0/UDP 10.0.1.10:5099~CSeq: 1 OPTIONS~Contact: <sip:a@10.0.1.10:5099>~
        s SIP/2.0 200 OK~Via: SIP/2.0/UDP 10.0.1.10:5099~CSeq: 1 OPTIONS~To: <sip:b@{10.0.2.77:6060>10.0.1.10:5099}>
          ~ => port 5099
        c OPTIONS sip:b@h SIP/2.0~Via: SIP/2.0/UDP 10.0.1.11:5098~CSeq: 1 OPTIONS~
        s OPTIONS sip:a@{10.0.2.77:6060>10.0.1.10:5099} SIP/2.0~CSeq: 1 OPTIONS~ => port 5099
        c REGISTER sip:b@h SIP/2.0~CSeq: 2 REGISTER~Contact: <sip:a@{10.0.1.10:5099>10.0.2.77:6060}>;expires=60~
        ? udp server > outside:6060 PERMANENT,INACTIVE sip/signalling
        c REGISTER sip:b@h SIP/2.0~CSeq: 2 REGISTER~Contact: <sip:a@{10.0.1.10:6060>10.0.2.77:6060}>;expires=60~
        s SIP/2.0 200 OK~CSeq: 2 REGISTER~Contact: <sip:a@{10.0.2.77:6060>10.0.1.10:5099}>;expires=60~ => port 5099
        ? udp server > outside:6060 PERMANENT sip/signalling
        s- short
    """, OWN),
    destination=("dnat", """
        c INVITE sip:b@{10.0.1.99>10.0.2.10:5060} SIP/2.0~Via: SIP/2.0/UDP 10.0.1.10~To: <sip:b@{10.0.1.99>10.0.2.10:5060}>
          ~CSeq: 1 INVITE~Content-Length: *~~v=0~o=a 1 1 IN IP4 10.0.1.10~c=IN IP4 10.0.1.10~m=audio 4000 x
        ? udp server > client:4000-4001 sip/audio
        s SIP/2.0 200 OK~Via: SIP/2.0/UDP 10.0.1.10:5060;received=10.0.1.10;rport=5060
          ~To: <sip:b@{10.0.2.10>10.0.1.99:5060}>~CSeq: 1 INVITE~Content-Length: *~~v=0~o=a 1 1 IN IP4 {10.0.2.10>10.0.1.99}
          ~c=IN IP4 {10.0.2.10>10.0.1.99}~m=audio 5000 x
        ? udp client > public:5000-5001 sip/audio, udp server > client:4000-4001 sip/audio
        s INVITE sip:a@10.0.1.10 SIP/2.0~Via: SIP/2.0/UDP {10.0.2.10>10.0.1.99:5060};maddr={10.0.2.10>10.0.1.99}
          ~CSeq: 2 INVITE~Content-Length: *~~v=0~o=a 1 1 IN IP4 {10.0.2.10>10.0.1.99}~c=IN IP4 {10.0.2.10>10.0.1.99}
          ~m=audio 5002 x~c=IN IP4 {10.0.2.10>10.0.1.99}
        ? udp client > public:5002-5003 sip/audio
    """),
    tcp=("snat", """
        c OPTIONS sip:b@h SIP/2.0~Via: SIP/2.0/TCP {10.0.1.10:5060>10.0.2.77:5060}~CSeq: 1 OPTIONS~Content-Length: 0~
        c OPTIONS sip:b@h SIP/2.0~Via: SIP/2.0/UDP 10.0.1.10:5060~CSeq: 1 OPTIONS~Content-Length: 0~
        c OPTIONS sip:b@h SIP/2.0~Via: SIP/2.0/TCP {10.0.1.10>10.0.2.77:5060}~CSeq: 1 OPTIONS~Content-Length: 0~
          ~INVITE sip:b@h SIP/2.0~Via: SIP/2.0/TCP {10.0.1.10>10.0.2.77:5060}~CSeq: 2 INVITE~Content-Length: 75~~v=0
          ~o=a 1 1 IN IP4 {10.0.1.10>10.0.2.77}~c=IN IP4 {10.0.1.10>10.0.2.77}~m=audio 4000 RTP/AVP 0~a=x
        ? udp server > outside:4000-4001 sip/audio
        c OPTIONS sip:b@h SIP/2.0~Via: SIP/2.0/TCP 10.0.1.10~CSeq: 3 OPTIONS~Content-Length: 9~~four
        c OPTIONS sip:b@h SIP/2.0~Via: SIP/2.0/TCP 10.0.1.10~CSeq: 3 OPTIONS~
        c OPTIONS sip:b@h SIP/2.0~Via: SIP/2.0/TCP 10.0.1.10~CSeq: 3 OPTIONS~Content-Length: x~
        c- OPTIONS sip:b@h SIP/2.0~Via: SIP/2.0/TCP 10.0.1.10~CSeq: 3 OPTIONS~Content-Length: 0~
        c- OPTIONS sip:b@h SIP/2.0~Via: SIP/2.0/TCP {10.0.1.10>10.0.2.77:5060}~CSeq: 3 OPTIONS~Content-Length: 4~~four
        s SIP/2.0 200 OK~Via: SIP/2.0/TCP {10.0.2.77>10.0.1.10:5060};rport=5060~CSeq: 2 INVITE~Content-Length: 0~
          ~BYE {sip:10.0.2.77>sip:10.0.1.10:5060} SIP/2.0~CSeq: 3 BYE~Content-Length: 0~
        ? nothing
        c OPTIONS sip:b@h SIP/2.0~CSeq: 1 OPTIONS~Content-Length: 0~~BYE sip:b@h SIP/2.0~Content-Length: 0~ => dropped
        c- BYE sip:b@
        c OPTIONS sip:b@h SIP/2.0~CSeq: 1 OPTIONS~Content-Length: 0~
    """, TCP),
    six=("snat", """
        c INVITE sip:b@[2001:db8:2::10] SIP/2.0
          ~Via: SIP/2.0/UDP {[2001:db8:1::10]>[2001:db8:2::77]:5060};maddr={[2001:db8:1::10]>[2001:db8:2::77]}
          ~CSeq: 1 INVITE~Contact: <sip:a@{[2001:db8:1::10]>[2001:db8:2::77]:5060}>~Content-Length: *~~v=0
          ~o=a 1 1 IN IP6 {2001:db8:1::10>2001:db8:2::77}~c=IN IP6 {2001:db8:1::10>2001:db8:2::77}~m=audio 4000 x
        ? udp server > outside:4000-4001 sip/audio
        s SIP/2.0 200 OK
          ~Via: SIP/2.0/UDP {[2001:db8:2::77]>[2001:db8:1::10]:5060};received={2001:db8:2::77>2001:db8:1::10};rport=5060
          ~CSeq: 1 INVITE~
        s SIP/2.0 200 OK
          ~Via: SIP/2.0/UDP {[2001:db8:2::77]>[2001:db8:1::10]:5060};received={[2001:db8:2::77]>2001:db8:1::10};maddr=2001:db8:2::77
          ~CSeq: 1 INVITE~
        s SIP/2.0 200 OK
          ~Via: SIP/2.0/UDP {[2001:db8:2::77]>[2001:db8:1::10]:5060};received={[2001:db8:2::77>2001:db8:1::10};x
          ~CSeq: 1 INVITE~
        c OPTIONS sip:b@h SIP/2.0~Via: SIP/2.0/UDP {[2001:db8:1::10]>[2001:db8:2::77]:5060};maddr=2001:db8:1::10
          ~CSeq: 1 OPTIONS~
        c OPTIONS sip:b@h SIP/2.0~Via: SIP/2.0/UDP 2001:db8:1::10~CSeq: 1 OPTIONS~
    """, SIX),
))  # fmt: skip
def test_translated(client, server, firewall, nat, script, proto, family, ports):
    """With NAT the connection's own addresses are those that the other side knows, and no others."""
    Conversation(client, server, firewall, "sip", proto, ports, nat, family).play(script, message)


def described(request, address, port):
    """A request whose sender hears at this address and port."""
    return message(f"{request}~CSeq: 1 INVITE~Content-Length: *~~v=0~o=a 1 1 IN IP4 {address}~c=IN IP4 {address}~m=audio {port} x", True)


BEHIND_ONE = "*raw\n-A PREROUTING -p udp --dport 5060 -j CT --helper sip\nCOMMIT\n*nat\n-A POSTROUTING -o lan2 -j SNAT --to-source 10.0.2.77\nCOMMIT\n"


@case("sip.two-phones", topology="two-lans", needs=["helper-sip", "nat"], cites=["HELPER-18"])
def test_two_phones(client, server, firewall):
    """Two phones behind one address: the second one cannot call with the port of the first, but with another one it can."""
    client.claims("10.0.1.20")
    firewall.loads(BEHIND_ONE)
    call = "INVITE sip:b@h SIP/2.0"
    for phone, at, port in (("10.0.1.10", 5060, 4000), ("10.0.1.20", 5061, 4000), ("10.0.1.20", 5061, 4002)):
        client.sends(udp(f"{phone}:{at} > server:5060", described(call, phone, port)))
    server.sees(udp("10.0.2.77:5060 > server:5060", described(call, "10.0.2.77", 4000)))
    server.sees(udp("10.0.2.77:5061 > server:5060", described(call, "10.0.2.77", 4002)))
    server.saw_nothing_else()
    for port, phone in ((4000, "client:4000"), (4002, "10.0.1.20:4002"), (4001, "client:4001"), (4003, "10.0.1.20:4003")):
        server.sends(udp(f"server:30000 > 10.0.2.77:{port}", f"voice {port}"))
        client.sees(udp(f"server:30000 > {phone}", f"voice {port}"))
    firewall.expects_nothing()


@case("sip.voice-follows", topology="two-lans", needs=["helper-sip", "nat"], cites=["HELPER-18"])
def test_voice_follows(client, server, firewall):
    """Voice of the server comes from where its description says that it is; from another port, from its address outside."""
    client.claims("10.0.1.99")
    talk = Conversation(client, server, firewall, "sip", "udp", (5060, 5060), "snat:6000 dnat")
    talk.play("""
        c INVITE sip:b@h SIP/2.0~CSeq: 1 INVITE~Content-Length: *~~v=0~o=a 1 1 IN IP4 {10.0.1.10>10.0.2.77}~c=IN IP4 {10.0.1.10>10.0.2.77}
          ~m=audio 4000 RTP/AVP 0
        ? udp server > outside:4000-4001 sip/audio
        s SIP/2.0 200 OK~CSeq: 1 INVITE~Content-Length: *~~v=0~o=a 1 1 IN IP4 {10.0.2.10>10.0.1.99}~c=IN IP4 {10.0.2.10>10.0.1.99}
          ~m=audio 5000 RTP/AVP 0
        ? udp client > public:5000-5001 sip/audio, udp server > outside:4000-4001 sip/audio
    """, message)
    server.sends(udp("server:5000 > 10.0.2.77:4000", "voice"))
    client.sees(udp("10.0.1.99:5000 > client:4000", "voice"))
    server.sends(udp("server:5009 > 10.0.2.77:4001", "report"))
    client.sees(udp("10.0.1.99:5009 > client:4001", "report"))
    client.sends(udp("client:4009 > 10.0.1.99:5001", "report"))
    server.sees(udp("10.0.2.77:4009 > server:5001", "report"))
    client.sends(udp("client:4000 > 10.0.1.99:5000", "answer"))
    server.sees(udp("10.0.2.77:4000 > server:5000", "answer"))


@case("sip.called", topology="two-lans", needs=["helper-sip", "nat"], cites=["HELPER-18"], rows={
    name: {"nat": nat} for name, nat in (("plain", ""), ("outside", "snat"), ("both", "snat:6000 dnat"))})
def test_called(client, server, firewall, nat):
    """A call to a registered phone is read like any other, but nobody can register there."""
    talk = Conversation(client, server, firewall, "sip", "udp", (5060, 5060), nat)
    told, seen = ("10.0.1.10:5062", f"{talk.outside[0]}:5062")
    contact = "{" + f"{told}>{seen}" + "}" if nat else told
    back = "{" + f"{seen}>{seen}" + "}" if nat else told
    name = "outside" if "snat" in nat else "client"
    talk.play(f"""
        c REGISTER sip:h SIP/2.0~CSeq: 1 REGISTER~Contact: <sip:a@{contact}>;expires=60~
        ? udp server > {name}:5062 PERMANENT,INACTIVE sip/signalling
        s SIP/2.0 200 OK~CSeq: 1 REGISTER~Contact: <sip:a@{back}>;expires=60~
        ? udp server > {name}:5062 PERMANENT sip/signalling
    """, message)
    public = talk.public[0]
    call = "INVITE sip:a@h SIP/2.0"
    server.sends(udp(f"server:5070 > {talk.outside[0]}:5062", described(call, "10.0.2.10", 5000)))
    client.sees(udp(f"{public}:5070 > client:5062", described(call, public, 5000)))
    firewall.expects("src={client}", f"dst={public}", "dport=5000", "sip/audio", count=3)
    register = "REGISTER sip:h SIP/2.0\r\nCSeq: 3 REGISTER\r\nContact: <sip:a@10.0.1.10:5063>;expires=60\r\n\r\n"
    client.sends(udp(f"client:5062 > {public}:5070", register))
    server.sees(udp(f"{talk.outside[0]}:5062 > server:5070"))
    firewall.expects(count=3)
