/** Each dialect on rows worked out by hand, dirty ones among them. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeTime } from '../../core/flight.ts';
import type { Column } from '../../core/table.ts';
import { loadTable } from './load.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'puntual-dialects-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const valuesOf = (column: Column | undefined): readonly unknown[] | undefined => {
  switch (column?.kind) {
    case 'category':
      return [...column.codes].map((code) => column.values[code] ?? null);
    case 'time':
      return [...column.minutes].map((minute) =>
        Number.isNaN(minute) ? null : encodeTime(minute),
      );
    case 'number':
      return [...column.numbers];
    default:
      return undefined;
  }
};

interface Fixture {
  readonly dialect: string;
  readonly text: string | Buffer;
  readonly target?: 'arrival' | 'departure';
  readonly delays: readonly number[];
  readonly rejected?: Readonly<Record<string, number>>;
  readonly remarks?: Readonly<Record<string, number>>;
  readonly fields: Readonly<Record<string, readonly unknown[] | undefined>>;
}

const SCL = `Fecha-I,Vlo-I,Ori-I,Des-I,Emp-I,Fecha-O,Vlo-O,Ori-O,Des-O,Emp-O,DIA,MES,AÑO,DIANOM,TIPOVUELO,OPERA,SIGLAORI,SIGLADES
2017-01-01 23:30:00,226,SCEL,KMIA,AAL,2017-01-01 23:33:00,226,SCEL,KMIA,AAL,1,1,2017,Domingo,I,American Airlines,Santiago,Miami
2017-12-31 23:50:00,400.0,SCEL,SPJC,LAN,2018-01-01 00:20:00,400.0,SCEL,SPJC,LAN,1,1,2018,Lunes,I,Grupo LATAM,Santiago,Lima
2017-01-04 10:00:00,12,SCEL,SCTE,LAN,,,,,,4,1,2017,Miercoles,N,Grupo LATAM,Santiago,Puerto Montt
04-01-2017,12,SCEL,SCTE,LAN,2017-01-04 10:00:00,12,SCEL,SCTE,LAN,4,1,2017,Miercoles,N,Grupo LATAM,Santiago,Puerto Montt
`;

const SCL_FLIGHTS = {
  dialect: 'scl',
  target: 'departure' as const,
  delays: [3, 30],
  rejected: { 'impossible time': 1, 'no departure': 1 },
  fields: {
    airline: ['AAL', 'LAN'],
    flightNumber: ['226', '400'],
    origin: ['SCEL', 'SCEL'],
    destination: ['KMIA', 'SPJC'],
    scheduledDeparture: ['2017-01-01T23:30', '2017-12-31T23:50'],
    scheduledArrival: undefined,
  },
};

const ANAC_FLIGHTS = {
  delays: [-27, 5],
  rejected: { cancelled: 1, 'not reported': 1, 'impossible time': 1 },
  fields: {
    airline: ['AZU', 'GLO'],
    flightNumber: ['0190', '1552'],
    origin: ['SBAT', 'SBGR'],
    destination: ['SBOR', 'SBRJ'],
    scheduledDeparture: ['2015-01-01T19:45', '2015-01-31T23:30'],
    scheduledArrival: ['2015-01-01T22:55', '2015-02-01T00:35'],
  },
};

const FIXTURES: readonly (readonly [string, Fixture])[] = [
  [
    'BTS reporting carrier with its trailing comma',
    {
      dialect: 'bts',
      text: `"Year","FlightDate","Reporting_Airline","Tail_Number","Flight_Number_Reporting_Airline","Origin","Dest","CRSDepTime","CRSArrTime","ArrDelay","Cancelled","Diverted","Distance",
2019,2019-01-31,"UA","N14228","1545","EWR","IAH","2359","0244",-12.00,0.00,0.00,1400.00,
2019,2019-01-31,"UA","N14228","1546","EWR","IAH","2400","0244",3.00,0.00,0.00,1400.00,
2019,2019-01-31,"UA","","1547","EWR","IAH","0515","0819",,1.00,0.00,1400.00,
2019,2019-01-31,"UA","","1548","EWR","IAH","0575","0819",5.00,0.00,0.00,1400.00,
2019,2019-02-30,"UA","","1549","EWR","IAH","0515","0819",5.00,0.00,0.00,1400.00,
`,
      delays: [-12, 3],
      rejected: { cancelled: 1, 'impossible date': 1, 'impossible time': 1 },
      fields: {
        airline: ['UA', 'UA'],
        flightNumber: ['1545', '1546'],
        tailNumber: ['N14228', 'N14228'],
        scheduledDeparture: ['2019-01-31T23:59', '2019-02-01T00:00'],
        scheduledArrival: ['2019-02-01T02:44', '2019-02-01T02:44'],
        distanceMiles: [1400, 1400],
      },
    },
  ],
  [
    'BTS marketing carrier with a space in its header and marks in words',
    {
      dialect: 'bts-marketing',
      text: `FlightDate,Marketing_Airline_Network,Flight_Number_Marketing_Airline,Operating_Airline ,Tail_Number,Flight_Number_Operating_Airline,Origin,Dest,CRSDepTime,CRSArrTime,ArrDelay,Cancelled,Diverted,Distance
2018-07-05,UA,4301,C5,N21144,4301,GJT,DEN,1202,1312,-5.0,False,False,212.0
2018-07-05,UA,4302,OO,N21145,5302,DEN,GJT,0005,0110,7.0,False,False,212.0
2018-07-05,UA,4303,C5,N21144,4303,GJT,DEN,1202,1312,,True,False,212.0
2018-07-05,UA,4304,C5,N21144,4304,GJT,DEN,1202,1312,,False,True,212.0
`,
      delays: [-5, 7],
      rejected: { cancelled: 1, diverted: 1 },
      fields: {
        airline: ['C5', 'OO'],
        flightNumber: ['4301', '5302'],
        scheduledDeparture: ['2018-07-05T12:02', '2018-07-05T00:05'],
      },
    },
  ],
  [
    'TranStats with the date in three columns',
    {
      dialect: 'transtats-parts',
      text: `"YEAR","MONTH","DAY_OF_MONTH","UNIQUE_CARRIER","TAIL_NUM","FL_NUM","ORIGIN","DEST","CRS_DEP_TIME","DEP_DELAY","CRS_ARR_TIME","ARR_DELAY","CANCELLED","DIVERTED","DISTANCE",
2016,2,29,"DL","N923","190","ATL","ORD","1945",-27.00,"2255",-27.00,0.00,0.00,1330.00,
2016,2,30,"DL","N923","190","ATL","ORD","1945",-27.00,"2255",-27.00,0.00,0.00,1330.00,
2016,2,28,"WN","N551","335","JFK","ATL","",0.00,"1619",0.00,0.00,0.00,1813.00,
2016,2,28,"WN","N551","336","JFK","ATL","1200",,"1619",,1.00,0.00,1813.00,
`,
      delays: [-27],
      rejected: { cancelled: 1, 'impossible date': 1, 'no scheduled departure': 1 },
      fields: {
        airline: ['DL'],
        flightNumber: ['190'],
        scheduledDeparture: ['2016-02-29T19:45'],
        scheduledArrival: ['2016-02-29T22:55'],
      },
    },
  ],
  [
    'Kaggle 2015, whose October names airports by numbers',
    {
      dialect: 'kaggle-2015',
      text: `YEAR,MONTH,DAY,DAY_OF_WEEK,AIRLINE,FLIGHT_NUMBER,TAIL_NUMBER,ORIGIN_AIRPORT,DESTINATION_AIRPORT,SCHEDULED_DEPARTURE,DEPARTURE_TIME,DEPARTURE_DELAY,DISTANCE,SCHEDULED_ARRIVAL,ARRIVAL_TIME,ARRIVAL_DELAY,DIVERTED,CANCELLED,CANCELLATION_REASON
2015,1,1,4,AS,98,N407AS,ANC,SEA,0005,2354,-11,1448,0430,0408,-22,0,0,
2015,10,1,4,AA,1230,N3DBAA,14747,11298,0005,0015,10,1660,0500,0520,20,0,0,
2015,1,1,4,AS,136,N431AS,ANC,SEA,0135,,,1448,0600,,,0,1,A
`,
      delays: [-22, 20],
      rejected: { cancelled: 1 },
      remarks: { 'airport given as a number, treated as missing': 1 },
      fields: {
        origin: ['ANC', null],
        destination: ['SEA', null],
        scheduledDeparture: ['2015-01-01T00:05', '2015-10-01T00:05'],
        scheduledArrival: ['2015-01-01T04:30', '2015-10-01T05:00'],
      },
    },
  ],
  [
    'the sample of 2019 to 2023',
    {
      dialect: 'sample-2019-2023',
      text: `FL_DATE,AIRLINE,AIRLINE_DOT,AIRLINE_CODE,DOT_CODE,FL_NUMBER,ORIGIN,ORIGIN_CITY,DEST,DEST_CITY,CRS_DEP_TIME,DEP_TIME,CRS_ARR_TIME,ARR_TIME,ARR_DELAY,CANCELLED,CANCELLATION_CODE,DIVERTED,DISTANCE
2019-01-09,United Air Lines Inc.,United Air Lines Inc.: UA,UA,19977,1562,FLL,"Fort Lauderdale, FL",EWR,"Newark, NJ",1155,1151.0,1501,1447.0,-14.0,0.0,,0.0,1065.0
2022-11-19,Delta Air Lines Inc.,Delta Air Lines Inc.: DL,DL,19790,1149,MSP,"Minneapolis, MN",SEA,"Seattle, WA",2120,2114.0,2315,2310.0,,0.0,,1.0,1399.0
`,
      delays: [-14],
      rejected: { diverted: 1 },
      fields: {
        airline: ['UA'],
        flightNumber: ['1562'],
        scheduledDeparture: ['2019-01-09T11:55'],
        scheduledArrival: ['2019-01-09T15:01'],
      },
    },
  ],
  [
    'Data Expo 2009 with NA',
    {
      dialect: 'dataexpo',
      text: `Year,Month,DayofMonth,DayOfWeek,DepTime,CRSDepTime,ArrTime,CRSArrTime,UniqueCarrier,FlightNum,TailNum,ArrDelay,DepDelay,Origin,Dest,Distance,Cancelled,CancellationCode,Diverted
1987,10,14,3,741,730,912,849,PS,1451,NA,23,11,SAN,SFO,447,0,NA,0
1987,10,15,4,NA,730,NA,849,PS,1451,NA,NA,NA,SAN,SFO,447,1,NA,0
`,
      delays: [23],
      rejected: { cancelled: 1 },
      fields: {
        airline: ['PS'],
        tailNumber: undefined,
        scheduledDeparture: ['1987-10-14T07:30'],
      },
    },
  ],
  ['Santiago in UTF-8', { ...SCL_FLIGHTS, text: SCL }],
  ['Santiago in Latin-1', { ...SCL_FLIGHTS, text: Buffer.from(SCL, 'latin1') }],
  [
    'ANAC, wide',
    {
      ...ANAC_FLIGHTS,
      dialect: 'anac-vra',
      text: `Sigla ICAO Empresa Aérea;Empresa Aérea;Número Voo;Código DI;Código Tipo Linha;Modelo Equipamento;Número de Assentos;Sigla ICAO Aeroporto Origem;Descrição Aeroporto Origem;Partida Prevista;Partida Real;Sigla ICAO Aeroporto Destino;Descrição Aeroporto Destino;Chegada Prevista;Chegada Real;Situação Voo;Justificativa;Referência;Situação Partida;Situação Chegada
AZU;AZUL;0190;0;N;B738;180;SBAT;São A;01/01/2015 19:45;01/01/2015 19:45;SBOR;O;01/01/2015 22:55;01/01/2015 22:28;REALIZADO;;2015-01-01;;
GLO;GOL;1552;0;N;B738;180;SBGR;São G;31/01/2015 23:30;31/01/2015 23:30;SBRJ;R;01/02/2015 00:35;01/02/2015 00:40;REALIZADO;;2015-01-31;;
GLO;GOL;1553;0;N;B738;180;SBGR;São G;31/01/2015 23:30;;SBRJ;R;01/02/2015 00:35;;CANCELADO;;2015-01-31;;
GLO;GOL;1554;0;N;B738;180;SBGR;São G;31/01/2015 23:30;;SBRJ;R;01/02/2015 00:35;;NÃO INFORMADO;;2015-01-31;;
GLO;GOL;1555;0;N;B738;180;SBGR;São G;31/02/2015 23:30;31/01/2015 23:30;SBRJ;R;01/02/2015 00:35;01/02/2015 00:40;REALIZADO;;2015-01-31;;
`,
    },
  ],
  [
    'ANAC in twelve columns, Latin-1, below a line of its own',
    {
      ...ANAC_FLIGHTS,
      dialect: 'anac-vra-12',
      text: Buffer.from(
        `Atualizado em: 2015-02-10
ICAO Empresa Aérea;Número Voo;Código Autorização (DI);Código Tipo Linha;ICAO Aeródromo Origem;ICAO Aeródromo Destino;Partida Prevista;Partida Real;Chegada Prevista;Chegada Real;Situação Voo;Código Justificativa
AZU;0190;0;N;SBAT;SBOR;01/01/2015 19:45;01/01/2015 19:45;01/01/2015 22:55;01/01/2015 22:28;REALIZADO;
GLO;1552;0;N;SBGR;SBRJ;31/01/2015 23:30;31/01/2015 23:30;01/02/2015 00:35;01/02/2015 00:40;Realizado;
GLO;1553;0;N;SBGR;SBRJ;31/01/2015 23:30;;01/02/2015 00:35;;Cancelado;XX
GLO;1554;0;N;SBGR;SBRJ;31/01/2015 23:30;;01/02/2015 00:35;;Não informado;
GLO;1555;0;N;SBGR;SBRJ;31/01/2015 24:30;31/01/2015 23:30;01/02/2015 00:35;01/02/2015 00:40;Realizado;
`,
        'latin1',
      ),
    },
  ],
  [
    'EUROCONTROL, in UTC, unscheduled flights left out',
    {
      dialect: 'eurocontrol',
      text: `"ECTRL ID","ADEP","ADEP Latitude","ADEP Longitude","ADES","ADES Latitude","ADES Longitude","FILED OFF BLOCK TIME","FILED ARRIVAL TIME","ACTUAL OFF BLOCK TIME","ACTUAL ARRIVAL TIME","AC Type","AC Operator","AC Registration","ICAO Flight Type","STATFOR Market Segment","Requested FL","Actual Distance Flown (nm)"
"1","LEMD",40.4,-3.5,"EGLL",51.4,-0.4,"01-06-2015 08:10:00","01-06-2015 10:25:00","01-06-2015 08:20:00","01-06-2015 10:31:30","A320","IBE","ECXXX","S","Mainline","360",703
"2","LEMD",40.4,-3.5,"EGLL",51.4,-0.4,"01-06-2015 08:10:00","01-06-2015 10:25:00","01-06-2015 08:20:00","01-06-2015 10:31:30","C25A","XXX","ECYYY","N","Business Aviation","360",703
"3","LEMD",40.4,-3.5,"EGLL",51.4,-0.4,"01-06-2015 08:10:00","01-06-2015 10:25:00","","","A320","IBE","ECXXX","S","Mainline","360",703
`,
      delays: [6.5],
      rejected: { 'no arrival': 1, 'not a scheduled flight': 1 },
      fields: {
        airline: ['IBE'],
        tailNumber: ['ECXXX'],
        origin: ['LEMD'],
        destination: ['EGLL'],
        scheduledDeparture: ['2015-06-01T08:10'],
        scheduledArrival: ['2015-06-01T10:25'],
      },
    },
  ],
];

test.each(FIXTURES)('%s', async (_, {
  dialect,
  text,
  target = 'arrival',
  delays,
  rejected = {},
  remarks = {},
  fields,
}) => {
  const file = join(folder, 'flights.csv');
  writeFileSync(file, text);
  const { source, columns, delayMinutes } = await loadTable([file]);
  expect(source).toMatchObject({ dialect, target });
  expect(source.rejected).toEqual(rejected);
  expect(source.remarks).toEqual(remarks);
  expect([...delayMinutes]).toEqual([...delays]);
  const read = Object.fromEntries(
    Object.keys(fields).map((name) => [name, valuesOf(columns[name as keyof typeof columns])]),
  );
  expect(read).toEqual(fields);
});
