"""scan"""
import asyncio, random, structlog
from contextlib import contextmanager
from pathlib import Path
from identity_service import *
import identity_service as I
from offerd.store.layout import profile_digest, Table
from offerd.model.profile import ProfileKey
from offerd.v1 import cap_service_pb2 as caps, contact_service_pb2 as contacts, load_service_pb2 as loads
D=I.DEFINITIONS.replace("- {id: plus, name: Plus, rule: profile.tier == \"plus\"}","""- {id: plus, name: Plus, rule: profile.tier == "plus"}
- {id: none_yet, name: None, rule: aggregate.views_hour == 0}
- {id: ext, name: Ext, external: true}
- {id: soon, name: soon, rule: "aggregate.views_hour >= 1"}""") + """
channels:
- {id: email, consent: email, namespaces: [email], caps: [{limit: 3, within: 24h}]}
scores:
- {id: upsell}
"""
KEYS=(ProfileKey("crm","number-7"),ProfileKey("email","ann@example.com"),ProfileKey("ecid","the-device-1"))
DEVICE = recognised("ecid", "the-device-1"); ANN = proven("email", "ann@example.com"); CRM = proven("crm", "number-7")
def scan(state):
    out={}
    needles={k.id.encode():k.id for k in KEYS}; needles.update({profile_digest(k):'digest '+k.id for k in KEYS})
    def look(t):
        for table in Table:
            for k,v in t.cursor(db=state._environment.database(table)):
                b=bytes(k)+b'|'+bytes(v)
                for n,l in needles.items():
                    if n in b: out.setdefault(table.value,set()).add(l)
    state._environment.read(look)
    return out
async def load(s, kind, rows):
    async def gen():
        for m in rows: yield m
    return [p async for p in s.dispatcher.stream("/offerd.v1.LoadService/Load", gen(), "test")]
async def test_scan(tmp_path):
    """x"""
    clock=I.Clock()
    with identity_service(tmp_path/'s',definitions=D,clock=clock) as s:
        s.state  # noqa
        import gc
        from offerd.service.revisions import Revisions
        rev=[o for o in gc.get_objects() if isinstance(o,Revisions)][-1]
        rev.track()
        for who in ([DEVICE],[DEVICE,ANN],[ANN,CRM],[DEVICE,ANN],[ANN]):
            await s.view(*who); await s.decide(*who); clock.go_on()
            rev.tracker.settle()
        await s.profiles("SetConsent",{"identities":[ANN],"consent":{"collect":"CONSENT_VALUE_YES"}} ) if False else None
        for ns,n in (("crm","number-7"),("email","ann@example.com")):
            await s.profiles("SetProfile",{"namespace":ns,"id":n,"attributes":{"tier":"plus"}})
        await s.call("CapService/Reserve",{"reservationId":"r1","identities":[ANN],"items":[{"offer":"few","placement":"web"}]},caps.ReserveRequest)
        try:
            await s.call("ContactService/CheckContact",{"channel":"email","identities":[ANN],"reservationId":"c1","ttl":"600s"},contacts.CheckContactRequest)
            await s.call("ContactService/CheckContact",{"channel":"email","identities":[ANN],"reservationId":"c2","ttl":"600s"},contacts.CheckContactRequest)
            await s.call("ContactService/CommitContact",{"reservationId":"c2"},contacts.CommitContactRequest)
        except Exception as e: print('contact',e)
        rev.tracker.settle()
        print('before',{k:len(v) for k,v in scan(s.state).items()})
        d=await s.delete(ANN)
        print(d)
        print('after',scan(s.state))
        rev.tracker.settle()
        print('after settle',scan(s.state))
        clock.go_on(7200)
        rev.tracker.settle()
        print('after timers',scan(s.state))
        await s.decide(DEVICE); await s.decide(ANN,DEVICE)
        for m,r,k in (("CapService/Commit",{"reservationId":"r1"},caps.CommitRequest),("ContactService/CommitContact",{"reservationId":"c1"},contacts.CommitContactRequest),("ContactService/CommitContact",{"reservationId":"c2"},contacts.CommitContactRequest)):
            try: print(await s.call(m,r,k))
            except Exception as e: print(m,r,e)
        rev.tracker.settle()
        print('after decide',scan(s.state))
        await s.delete(ANN,DEVICE)
        print('again',scan(s.state))
    with identity_service(tmp_path/'s',definitions=D,clock=clock) as s:
        rev=[o for o in gc.get_objects() if isinstance(o,Revisions)][-1]
        rev.track(); rev.tracker.settle()
        print('restart',scan(s.state))
