import{a as r}from"./chunk-AGLCZY56.js";import{p as o,v as e}from"./chunk-RFXEO4KL.js";function a(){return o(r,{heading:e.value.overview.heading})}export{a as View};
